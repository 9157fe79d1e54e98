package callback

import (
	"strconv"
	"strings"
)

// MassStatus is how a mass message (群发) fared, as the platform gave it: "send success", "send
// fail" or "err(N)". See [MassStatus.Sent] and [MassStatus.Code].
type MassStatus string

// Sent reports whether the message was sent, however success is spelled.
func (s MassStatus) Sent() bool {
	return strings.EqualFold(strings.ReplaceAll(string(s), " ", ""), "sendsuccess")
}

// Code returns N of err(N), the reason for which the platform refused, and 0 where there is
// none.
func (s MassStatus) Code() MassCode {
	text, open := strings.CutPrefix(strings.ToLower(strings.TrimSpace(string(s))), "err(")
	text, closed := strings.CutSuffix(text, ")")
	code, err := strconv.Atoi(strings.TrimSpace(text))
	if !open || !closed || err != nil {
		return 0
	}
	return MassCode(code)
}

// MassCode says why the platform refused a mass message (群发).
type MassCode int

// What [MassStatus.Code] can return; there may be others.
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

// MassSendJobFinishEvent (MASSSENDJOBFINISH, 群发结果) is the receipt of a mass message. Its MsgID
// is what sending answered.
type MassSendJobFinishEvent struct {
	Header
	Status      MassStatus // how it went
	TotalCount  int        // followers it was meant for
	FilterCount int        // of these, whom it may be sent to
	SentCount   int        // of these, who got it
	ErrorCount  int        // of these, who did not
	// Copyright (CopyrightCheckResult, 原创校验结果) has one entry for each checked article.
	Copyright []CopyrightResult
	// CopyrightCount is the platform's own count of them.
	CopyrightCount int
	// CheckState: 1 not reprinted, 2 reprinted, may be sent, 3 reprinted, may not.
	CheckState int
	// Articles (ArticleUrlResult) tells where each article can be read.
	Articles []ArticleURL
	// ArticleCount is the platform's own count of them.
	ArticleCount int
}

// CopyrightResult is the originality check (原创校验) of one article.
type CopyrightResult struct {
	ArticleIdx          int    // which article, from 1
	UserDeclareState    int    // what the account declared
	AuditState          int    // what the platform found
	OriginalArticleURL  string // (OriginalArticleUrl) what it resembles
	OriginalArticleType int    // its kind, as the platform numbers it
	CanReprint          int    // 1: it may be reprinted
	NeedReplaceContent  int    // 1: its content has to be replaced by the original
	NeedShowSource      int    // (NeedShowReprintSource) 1: the source has to be named
}

// ArticleURL tells where one article can be read.
type ArticleURL struct {
	Idx int    // which article, from 1
	URL string // its permanent address
}

func (m *MassSendJobFinishEvent) set(path, value string) (err error) {
	if item, ok := strings.CutPrefix(path, "CopyrightCheckResult>ResultList>item"); ok {
		return m.setCopyright(item, value)
	}
	switch path {
	case "Status":
		m.Status = MassStatus(value)
	case "TotalCount":
		m.TotalCount, err = number[int](path, value)
	case "FilterCount":
		m.FilterCount, err = number[int](path, value)
	case "SentCount":
		m.SentCount, err = number[int](path, value)
	case "ErrorCount":
		m.ErrorCount, err = number[int](path, value)
	case "CopyrightCheckResult>Count":
		m.CopyrightCount, err = number[int](path, value)
	case "CopyrightCheckResult>CheckState":
		m.CheckState, err = number[int](path, value)
	case "ArticleUrlResult>Count":
		m.ArticleCount, err = number[int](path, value)
	case "ArticleUrlResult>ResultList>item":
		m.Articles = append(m.Articles, ArticleURL{})
	case "ArticleUrlResult>ResultList>item>ArticleIdx":
		m.Articles[len(m.Articles)-1].Idx, err = number[int](path, value)
	case "ArticleUrlResult>ResultList>item>ArticleUrl":
		m.Articles[len(m.Articles)-1].URL = value
	}
	return err
}

func (m *MassSendJobFinishEvent) setCopyright(item, value string) (err error) {
	if item == "" {
		m.Copyright = append(m.Copyright, CopyrightResult{})
		return nil
	}
	c := &m.Copyright[len(m.Copyright)-1]
	switch item {
	case ">ArticleIdx":
		c.ArticleIdx, err = number[int](item[1:], value)
	case ">UserDeclareState":
		c.UserDeclareState, err = number[int](item[1:], value)
	case ">AuditState":
		c.AuditState, err = number[int](item[1:], value)
	case ">OriginalArticleUrl":
		c.OriginalArticleURL = value
	case ">OriginalArticleType":
		c.OriginalArticleType, err = number[int](item[1:], value)
	case ">CanReprint":
		c.CanReprint, err = number[int](item[1:], value)
	case ">NeedReplaceContent":
		c.NeedReplaceContent, err = number[int](item[1:], value)
	case ">NeedShowReprintSource":
		c.NeedShowSource, err = number[int](item[1:], value)
	}
	return err
}

// PublishJobFinishEvent (PUBLISHJOBFINISH, 发布结果) tells how the publication of a draft ended.
type PublishJobFinishEvent struct {
	Header
	PublishID string // (publish_id) what submitting answered
	// PublishStatus (publish_status): 0 published, other values are failures.
	PublishStatus int
	ArticleID     string       // (article_id) when published
	Articles      []ArticleURL // (article_detail) when published
	ArticleCount  int          // the platform's own count of them
	FailIdx       []int        // (fail_idx) which articles failed, from 1
}

func (m *PublishJobFinishEvent) set(path, value string) (err error) {
	switch path {
	case "PublishEventInfo>publish_id":
		m.PublishID = value
	case "PublishEventInfo>publish_status":
		m.PublishStatus, err = number[int](path, value)
	case "PublishEventInfo>article_id":
		m.ArticleID = value
	case "PublishEventInfo>article_detail>count":
		m.ArticleCount, err = number[int](path, value)
	case "PublishEventInfo>article_detail>item":
		m.Articles = append(m.Articles, ArticleURL{})
	case "PublishEventInfo>article_detail>item>idx":
		m.Articles[len(m.Articles)-1].Idx, err = number[int](path, value)
	case "PublishEventInfo>article_detail>item>article_url":
		m.Articles[len(m.Articles)-1].URL = value
	case "PublishEventInfo>fail_idx":
		var idx int
		idx, err = number[int](path, value)
		m.FailIdx = append(m.FailIdx, idx)
	}
	return err
}
