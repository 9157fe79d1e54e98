package template

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// blockedPage is how many blocked messages are asked for at a time, the most.
const blockedPage = 100

// BlockedMessage is a template message that the platform has accepted and then held back
// (被拦截的模板消息).
type BlockedMessage struct {
	// ID numbers the record, not the message.
	ID         int64
	TemplateID string // the template's id
	Title      string // the template's title
	Content    string // the message as it would have been shown
	// Sent is when the message was sent, to the second.
	Sent time.Time
	// To is the follower's openid.
	To string
}

// blockedQuery asks for a page of blocked messages.
type blockedQuery struct {
	TemplateID string `json:"tmpl_msg_id"`
	Largest    int64  `json:"largest_id"`
	Limit      int    `json:"limit"`
}

// Repeatable reports that the call changes nothing.
func (blockedQuery) Repeatable() bool { return true }

// ReadOnly reports it too: the answer counts as a GET's.
func (blockedQuery) ReadOnly() bool { return true }

// Blocked yields the messages of a template that the platform has held back. Pages are fetched
// as the loop goes on; an error is yielded once and ends the loop.
//
// POST /wxa/sec/queryblocktmplmsg
func (c *Client) Blocked(ctx context.Context, templateID string) iter.Seq2[BlockedMessage, error] {
	return func(yield func(BlockedMessage, error) bool) {
		if err := checkID(templateID); err != nil {
			yield(BlockedMessage{}, err)
			return
		}
		q := blockedQuery{TemplateID: templateID, Limit: blockedPage}
		for {
			var answer struct {
				Messages blockedList `json:"msginfo"`
			}
			if err := c.caller.Call(ctx, http.MethodPost, "/wxa/sec/queryblocktmplmsg", q, &answer); err != nil {
				yield(BlockedMessage{}, err)
				return
			}
			before := q.Largest
			for _, m := range answer.Messages {
				q.Largest = max(q.Largest, int64(m.ID))
				if !yield(m.message(), nil) {
					return
				}
			}
			if len(answer.Messages) < blockedPage {
				return
			}
			if q.Largest == before { // the same page over and over
				yield(BlockedMessage{}, &oddError{"the platform gave a full page of blocked messages and no next one"})
				return
			}
		}
	}
}

// blocked is a BlockedMessage as it comes.
type blocked struct {
	ID         number `json:"id"`
	TemplateID string `json:"tmpl_msg_id"`
	Title      string `json:"title"`
	Content    string `json:"content"`
	Sent       number `json:"send_timestamp"`
	To         string `json:"openid"`
}

func (b blocked) message() BlockedMessage {
	m := BlockedMessage{ID: int64(b.ID), TemplateID: b.TemplateID, Title: b.Title, Content: b.Content, To: b.To}
	if b.Sent != 0 {
		m.Sent = time.Unix(int64(b.Sent), 0)
	}
	return m
}

// blockedList is an array, of which one element may come by itself.
type blockedList []blocked

func (l *blockedList) UnmarshalJSON(raw []byte) error {
	if !bytes.HasPrefix(raw, []byte("{")) {
		return json.Unmarshal(raw, (*[]blocked)(l))
	}
	var one blocked
	err := json.Unmarshal(raw, &one)
	if *l = nil; one != (blocked{}) {
		*l = blockedList{one}
	}
	return err
}
