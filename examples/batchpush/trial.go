package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
)

// trial sends one message, built from the first row, to the openid of -to. It
// belongs to no campaign and leaves no trace in the ledger.
func (p *program) trial(ctx context.Context, s *session) error {
	if !school.IsOpenID(p.to) {
		return usage(p.text("-to: %q is not an openid", p.to))
	}
	config := s.config(push.Campaign{})
	config.Again = true // sent or not: any row will do
	look, err := push.Look(ctx, config, 1)
	if err != nil {
		return p.lookError(err)
	}
	if len(look.First) == 0 {
		return usage(p.text("there is no row with openid and photo to build a trial message from"))
	}
	message := look.First[0]
	message.To, message.ClientMsgID = p.to, ""
	fmt.Fprintln(p.out, p.show(message))
	if look.Faults[0] != nil {
		return usage(p.text("this message would fail: %s", p.valueFault(look.Faults[0])))
	}
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
