package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
)

// trialTTL is the longest that the link of a trial works: it may show a child to somebody who is
// not bound to it.
const trialTTL = 24 * time.Hour

// trial sends one message to the openid of -to, about the pupil of -student or a child of its own.
// It belongs to no campaign; what its link shows is kept beside the ledger.
func (p *program) trial(ctx context.Context, s *session) error {
	if !school.IsOpenID(p.to) {
		return usage(p.text("-to: %q is not an openid", p.to))
	}
	config := s.config(push.Campaign{})
	if s.links != nil {
		config.Link = func(row int64) string {
			return s.links.Link(row, time.Now().Add(min(time.Duration(p.linkTTL), trialTTL)))
		}
	}
	message, fault, err := push.MakeTrial(ctx, config, p.to, p.student)
	switch {
	case errors.Is(err, push.ErrNoChild):
		return usage(p.text("-to: no child with a photo is bound to this openid; say whose photo the trial is about with -student ID"))
	case errors.Is(err, push.ErrNoPhoto):
		return usage(p.text("-student: there is no photo of a pupil %s", p.student))
	case err != nil:
		return p.lookError(err)
	}
	if fault != nil {
		if message.To != "" {
			fmt.Fprintln(p.out, p.show(message))
		}
		return usage(p.text("this message would fail: %s", p.valueFault(fault)))
	}
	fmt.Fprintln(p.out, p.show(message))
	id, err := s.account.Client.Template.Send(ctx, message)
	if err != nil {
		return err
	}
	p.say("Trial message accepted, msgid %d. No campaign was touched.", id)
	return nil
}

// show prints a message as a person would check it.
func (p *program) show(m template.Message) string {
	keys := make([]string, 0, len(m.Data))
	for key := range m.Data {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteString("  → " + m.To)
	for _, key := range keys {
		b.WriteString("\n    " + key + " = " + m.Data[key].Value)
	}
	if m.URL == "" {
		return b.String() + "\n    url = (" + p.text("a link is made when the campaign begins") + ")"
	}
	return b.String() + "\n    url = " + m.URL
}

// ask puts a question on the terminal; only y and yes (是) are a yes.
func (p *program) ask(ctx context.Context, question string) bool {
	fmt.Fprint(p.out, question)
	answer := make(chan string, 1)
	go func() { // ends with the answer or with the process: a terminal cannot be asked to let go
		line, err := bufio.NewReader(p.stdin).ReadString('\n')
		if err != nil && err != io.EOF {
			line = ""
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return false
	case line := <-answer:
		return slices.Contains([]string{"y", "yes", "是", "好"}, line)
	}
}
