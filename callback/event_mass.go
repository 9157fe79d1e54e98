package callback

import (
	"strconv"
	"strings"
)

// MassStatus is the result of a mass message (群发), as received: "send success", "send fail" or
// "err(N)". See [MassStatus.Sent] and [MassStatus.Code].
type MassStatus string

// Sent reports whether the message was sent. It accepts all known spellings of "send success".
func (s MassStatus) Sent() bool {
	return strings.EqualFold(strings.ReplaceAll(string(s), " ", ""), "sendsuccess")
}

// Code returns the N of err(N), the reason for the refusal. It returns 0 for any other status.
func (s MassStatus) Code() MassCode {
	text, open := strings.CutPrefix(strings.ToLower(strings.TrimSpace(string(s))), "err(")
	text, closed := strings.CutSuffix(text, ")")
	code, err := strconv.Atoi(strings.TrimSpace(text))
	if !open || !closed || err != nil {
		return 0
	}
	return MassCode(code)
}

// MassCode is the reason why the platform refused a mass message (群发).
type MassCode int

// The documented codes of [MassStatus.Code]. There may be others.
const (
	MassAdvertising     MassCode = 10001 // suspected advertising (涉嫌广告)
	MassPolitics        MassCode = 20001 // suspected politics (涉嫌政治)
	MassPorn            MassCode = 20002 // suspected pornography (涉嫌色情)
	MassSociety         MassCode = 20004 // suspected offence against society (涉嫌社会)
	MassCrime           MassCode = 20006 // suspected crime (涉嫌违法犯罪)
	MassFraud           MassCode = 20008 // suspected fraud (涉嫌欺诈)
	MassCopyright       MassCode = 20013 // suspected breach of copyright (涉嫌版权)
	MassOther           MassCode = 21000 // another suspicion (涉嫌其他)
	MassMutualPromotion MassCode = 22000 // suspected mutual promotion (涉嫌互推)
	MassOriginality1    MassCode = 30001 // the originality check (原创校验)
	MassOriginality2    MassCode = 30002 // the originality check (原创校验)
	MassOriginality3    MassCode = 30003 // the originality check (原创校验)
	MassAdminRefused    MassCode = 40001 // the administrator has refused (管理员拒绝)
	MassAdminSilent     MassCode = 40002 // the administrator did not answer for 30 minutes
)

// MassSendJobFinishEvent (MASSSENDJOBFINISH, 群发结果) is the receipt of a mass message. Its MsgID is
// the id that the send call returned.
type MassSendJobFinishEvent struct {
	Header
	Status      MassStatus // result
	TotalCount  int        // number of followers addressed
	FilterCount int        // of TotalCount: followers left after filtering
	SentCount   int        // of FilterCount: followers who received it
	ErrorCount  int        // of FilterCount: followers for whom it failed
	// Copyright (CopyrightCheckResult, 原创校验结果) has one entry for each checked article.
	Copyright []CopyrightResult
	// CopyrightCount is the number of entries by the platform's count.
	CopyrightCount int
	// CheckState: 1 means not reprinted, 2 reprinted and may be sent, 3 reprinted and may not be
	// sent.
	CheckState int
	// Articles (ArticleUrlResult) has the address of each article.
	Articles []ArticleURL
	// ArticleCount is the number of articles by the platform's count.
	ArticleCount int
}

// CopyrightResult is the result of the originality check (原创校验) for one article.
type CopyrightResult struct {
	ArticleIdx          int    // position of the article, from 1
	UserDeclareState    int    // declaration of the account (the platform's number)
	AuditState          int    // finding of the platform (the platform's number)
	OriginalArticleURL  string // (OriginalArticleUrl) address of the similar original article
	OriginalArticleType int    // kind of the original article (the platform's number)
	CanReprint          int    // 1 means that the article may be reprinted
	NeedReplaceContent  int    // 1 means that the content must be replaced by the original
	NeedShowSource      int    // (NeedShowReprintSource) 1 means that the source must be named
}

func (m *MassSendJobFinishEvent) set(path, value string) bool {
	if item, ok := strings.CutPrefix(path, "CopyrightCheckResult>ResultList>item"); ok {
		return m.setCopyright(item, value)
	}
	switch path {
	case "Status":
		m.Status = MassStatus(value)
	case "TotalCount":
		m.TotalCount = number[int](value)
	case "FilterCount":
		m.FilterCount = number[int](value)
	case "SentCount":
		m.SentCount = number[int](value)
	case "ErrorCount":
		m.ErrorCount = number[int](value)
	case "CopyrightCheckResult>Count":
		m.CopyrightCount = number[int](value)
	case "CopyrightCheckResult>CheckState":
		m.CheckState = number[int](value)
	case "ArticleUrlResult>Count":
		m.ArticleCount = number[int](value)
	case "ArticleUrlResult>ResultList>item":
		m.Articles = append(m.Articles, ArticleURL{})
	case "ArticleUrlResult>ResultList>item>ArticleIdx":
		m.Articles[len(m.Articles)-1].Idx = number[int](value)
	case "ArticleUrlResult>ResultList>item>ArticleUrl":
		m.Articles[len(m.Articles)-1].URL = value
	default:
		return false
	}
	return true
}

func (m *MassSendJobFinishEvent) setCopyright(item, value string) bool {
	switch {
	case item == "":
		m.Copyright = append(m.Copyright, CopyrightResult{})
		return true
	case item[0] != '>': // an element that is not called item
		return false
	}
	c := &m.Copyright[len(m.Copyright)-1]
	switch item {
	case ">ArticleIdx":
		c.ArticleIdx = number[int](value)
	case ">UserDeclareState":
		c.UserDeclareState = number[int](value)
	case ">AuditState":
		c.AuditState = number[int](value)
	case ">OriginalArticleUrl":
		c.OriginalArticleURL = value
	case ">OriginalArticleType":
		c.OriginalArticleType = number[int](value)
	case ">CanReprint":
		c.CanReprint = number[int](value)
	case ">NeedReplaceContent":
		c.NeedReplaceContent = number[int](value)
	case ">NeedShowReprintSource":
		c.NeedShowSource = number[int](value)
	default:
		return false
	}
	return true
}
