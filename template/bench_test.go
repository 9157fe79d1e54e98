package template_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/org/wxhome/template"
)

// instant accepts at once, and watches how many calls are under way.
type instant struct{ now, most atomic.Int64 }

func (c *instant) Call(context.Context, string, string, any, any) error {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	return nil
}

type noop struct{}

func (noop) Call(context.Context, string, string, any, any) error { return nil }

// ready yields n messages that cost nothing to make.
func ready(n int) iter.Seq2[template.Message, error] {
	return func(yield func(template.Message, error) bool) {
		for range n {
			if !yield(message(), nil) {
				return
			}
		}
	}
}

// BenchmarkSendAll is SendAll's own cost for each message, over a Caller that does nothing. The
// floor is sixteen plain workers between two channels.
func BenchmarkSendAll(b *testing.B) {
	client := newClient(noop{})
	b.Run("impl=floor", func(b *testing.B) {
		b.ReportAllocs()
		jobs, done := make(chan template.Message), make(chan template.Result)
		var workers, owner sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for m := range jobs {
					id, err := client.Send(b.Context(), m)
					done <- template.Result{Message: m, MsgID: id, Err: err}
				}
			})
		}
		owner.Go(func() {
			for range done {
			}
		})
		for m := range ready(b.N) {
			jobs <- m
		}
		close(jobs)
		workers.Wait()
		close(done)
		owner.Wait()
	})
	b.Run("impl=wxhome", func(b *testing.B) {
		b.ReportAllocs()
		for range client.SendAll(b.Context(), ready(b.N)) {
		}
	})
}

// BenchmarkSendAllMillion reports the heap after the last of a million messages against that
// after 10,000.
func BenchmarkSendAllMillion(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		n, early := 0, uint64(0)
		for range newClient(noop{}).SendAll(b.Context(), messages(1_000_000)) {
			if n++; n == 10_000 {
				early = heap()
			} else if n == 1_000_000 {
				b.ReportMetric(float64(heap())/float64(early), "heap-growth")
			}
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkEncode encodes a message of three values as the wechat Client does; the floor is what
// encoding/json makes of the same struct without a Marshaler.
func BenchmarkEncode(b *testing.B) {
	m := message()
	m.Data = template.Data{"thing1": {Value: "张三"}, "time2": {Value: "2026年11月20日 18:00"}, "thing3": {Value: "点击查看近期学习照片"}}
	plain := struct {
		To          string                    `json:"touser"`
		TemplateID  string                    `json:"template_id"`
		ClientMsgID string                    `json:"client_msg_id"`
		Data        map[string]template.Value `json:"data"`
	}{m.To, m.TemplateID, m.ClientMsgID, m.Data}
	for name, in := range map[string]any{"impl=floor": &plain, "impl=wxhome": &m} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var buf bytes.Buffer
				enc := json.NewEncoder(&buf)
				enc.SetEscapeHTML(false)
				if err := enc.Encode(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
