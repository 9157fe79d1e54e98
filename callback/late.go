package callback

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// checked returns reply in a form that can be encoded later, and whether it is too long for a
// response and must go to Late. For an invalid reply it returns an error with the reply.
func (s *Server) checked(head *Header, reply Reply) (_ Reply, long bool, err error) {
	if reply == nil {
		return nil, false, nil
	}
	if news, ok := reply.(News); ok {
		reply = News{Articles: slices.Clone(news.Articles)} // the handler may reuse its slice
	}
	if s.cfg.Late != nil && tooLong(reply) {
		return reply, true, nil
	}
	if err := check(head, reply); err != nil {
		return nil, false, &UndeliveredError{Reply: reply, Err: err}
	}
	return reply, false, nil
}

// sendLate passes reply to Config.Late.
func (r *run) sendLate(in *incoming, reply Reply) {
	s := r.server
	if s.cfg.Late == nil {
		r.report(in, "callback: a reply is lost", &UndeliveredError{Reply: reply, Err: ErrLate})
		return
	}
	ctx, cancel := context.WithTimeout(s.base, s.cfg.LateTimeout)
	defer cancel()
	err := errExited // remains if Late calls runtime.Goexit
	defer func() {
		if v := recover(); v != nil {
			err = stacked(v)
		}
		if err == nil {
			return
		}
		if !errors.As(err, new(*UndeliveredError)) { // otherwise Late has returned the rest of the reply
			err = &UndeliveredError{Reply: reply, Err: err}
		}
		r.report(in, "callback: Late failed", fmt.Errorf("callback: late: %w", err))
	}()
	in.detach()
	err = tried(s.cfg.Late(in.context(ctx), in.head, reply))
}
