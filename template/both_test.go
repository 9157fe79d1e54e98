package template_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/org/wxhome/template"
)

// bulk is SendAll, or NotifyAll told in SendAll's words: they share an engine, and so their tests.
type bulk func(context.Context, template.Caller, iter.Seq2[template.Message, error], ...template.Option) iter.Seq[template.Result]

var bulks = map[string]bulk{"SendAll": sendAll, "NotifyAll": notifyAll}

func sendAll(ctx context.Context, c template.Caller, msgs iter.Seq2[template.Message, error], opts ...template.Option) iter.Seq[template.Result] {
	return newClient(c).SendAll(ctx, msgs, opts...)
}

func notifyAll(ctx context.Context, c template.Caller, msgs iter.Seq2[template.Message, error], opts ...template.Option) iter.Seq[template.Result] {
	var notifications iter.Seq2[template.Notification, error]
	if msgs != nil {
		notifications = func(yield func(template.Notification, error) bool) {
			for m, err := range msgs {
				if !yield(template.Notification{To: m.To, TemplateID: m.TemplateID, Data: m.Data}, err) {
					return
				}
			}
		}
	}
	results := newClient(c).NotifyAll(ctx, notifications, opts...)
	return func(yield func(template.Result) bool) {
		for r := range results {
			n := r.Notification
			if !yield(template.Result{Message: template.Message{To: n.To, TemplateID: n.TemplateID, Data: n.Data}, MsgID: r.MsgID, Err: r.Err}) {
				return
			}
		}
	}
}

// overBoth runs f over SendAll and over NotifyAll.
func overBoth(t *testing.T, f func(t *testing.T, all bulk)) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(bulks)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, bulks[name])
		})
	}
}

// errs collects the errors by recipient.
func (all bulk) errs(ctx context.Context, c template.Caller, msgs iter.Seq2[template.Message, error], opts ...template.Option) map[string]error {
	got := map[string]error{}
	for r := range all(ctx, c, msgs, opts...) {
		if _, twice := got[r.Message.To]; twice {
			r.Err = errors.New("a second result")
		}
		got[r.Message.To] = r.Err
	}
	return got
}

// recipient is who a message or a notification is for.
func recipient(in any) string {
	if n, ok := in.(*template.Notification); ok {
		return n.To
	}
	return in.(*template.Message).To
}
