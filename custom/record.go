package custom

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"
)

const (
	maxSpan = 24 * time.Hour // of one query for records
	// recordsPage is how many records are asked for at a time. The platform gives 10,000 at
	// most; of long texts so many would be 20 MB.
	recordsPage = 1000
)

// The operations that a [Record] tells of.
const (
	AgentSent     = 2002 // the agent wrote to the follower (客服发送信息)
	AgentReceived = 2003 // the follower wrote to the agent (客服接收消息)
)

// Record is one message between an agent and a follower (聊天记录).
type Record struct {
	OpenID string // the follower's
	// Agent is the agent's account.
	Agent string
	// Operation is [AgentSent], [AgentReceived], or another number of the platform's.
	Operation int
	// Text is what was said; pictures, voices and videos are [image], [voice] and [video].
	Text string
	// Time is to the second.
	Time time.Time
}

// recordQuery asks for a page of records.
type recordQuery struct {
	From   int64 `json:"starttime"`
	To     int64 `json:"endtime"`
	After  int64 `json:"msgid"`
	Number int   `json:"number"`
}

// Repeatable reports that the call changes nothing.
func (recordQuery) Repeatable() bool { return true }

// ReadOnly reports it too: the answer counts as a GET's.
func (recordQuery) ReadOnly() bool { return true }

// Records yields what agents and followers said between from and to (聊天记录), oldest first;
// a span of 24 hours at most. Pages are fetched as the loop goes on; an error is yielded once
// and ends the loop.
//
// POST /customservice/msgrecord/getmsglist
func (c *Client) Records(ctx context.Context, from, to time.Time) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := checkSpan(from, to); err != nil {
			yield(Record{}, err)
			return
		}
		q := recordQuery{From: from.Unix(), To: to.Unix(), After: 1, Number: recordsPage}
		for {
			records, next, err := c.recordsPage(ctx, q)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
			if len(records) < q.Number {
				return
			}
			if next <= q.After { // the same page over and over
				yield(Record{}, oddAnswer("the platform gave a full page of records and no next one", nil))
				return
			}
			q.After = next
		}
	}
}

func checkSpan(from, to time.Time) error {
	switch span := to.Sub(from); {
	case span < 0:
		return badArgument("the records' end is before their beginning")
	case span > maxSpan:
		return badArgument(fmt.Sprintf("the records span %v, at most %v: ask for each day by itself", span, maxSpan))
	}
	return nil
}

// recordsPage fetches one page, and what to ask for the next one with.
func (c *Client) recordsPage(ctx context.Context, q recordQuery) (records []Record, next int64, err error) {
	var answer struct {
		List array[struct {
			OpenID    string `json:"openid"`
			Operation number `json:"opercode"`
			Text      string `json:"text"`
			Time      number `json:"time"`
			Agent     string `json:"worker"`
		}] `json:"recordlist"`
		Number *number `json:"number"`
		Next   number  `json:"msgid"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/customservice/msgrecord/getmsglist", q, &answer); err != nil {
		return nil, 0, err
	}
	if !answer.List.told && (answer.Number == nil || *answer.Number != 0) {
		return nil, 0, oddAnswer("the answer has no list of records", nil)
	}
	records = make([]Record, len(answer.List.items))
	for i, r := range answer.List.items {
		records[i] = Record{OpenID: r.OpenID, Agent: r.Agent, Operation: int(r.Operation), Text: r.Text, Time: r.Time.time()}
	}
	return records, int64(answer.Next), nil
}
