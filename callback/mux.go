package callback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
)

// Handler answers messages and events. The server calls Handle once for each message, however often
// WeChat delivers it. Calls for different messages are concurrent, unless [Config].InOrder is set.
//
// The reply goes to the sender of the message. A nil reply sends nothing. If Handle returns an
// error, the server sends nothing and ignores the reply. The error goes to [Config].OnError and to
// the log.
//
// The context has the values of the first request that delivered the message, but it does not end
// with that request: the handler may continue after WeChat was answered. [AppIDFrom] returns the
// account from it. The context ends when Handle returns, after [Config].HandlerTimeout, or when the
// ctx of [Server.Shutdown] ends. A platform that freezes the process after each response
// (serverless) would also freeze the handler. There, a handler must return within 4.5 s.
//
// Some routers use their own context values again for another request once the first was answered.
// chi does: after that, chi.URLParamFromCtx returns a parameter of the other request. Let a
// middleware copy what the handler needs into the request's context.
//
// The message belongs to the handler, which may keep and change it. When Handle has returned, the
// server keeps only what it needs to encode the reply.
type Handler interface {
	Handle(ctx context.Context, m Message) (Reply, error)
}

// HandlerFunc makes a [Handler] of a function.
type HandlerFunc func(ctx context.Context, m Message) (Reply, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, m Message) (Reply, error) { return f(ctx, m) }

// Mux is a [Handler] that passes each message to the function registered for its type. The zero Mux
// is ready for use. Register functions with [On], [Mux.OnEvent] and [Mux.Fallback]. A message
// without a function gets no reply.
//
// [NewServer] returns an error if the Mux has no function at all, a nil function, or two functions
// for the same type. A Server uses the functions that are registered when it is made, and no later
// ones. All methods are safe for concurrent use.
type Mux struct {
	mu     sync.RWMutex // guards what follows
	routes routes
	wrong  []error
}

// routes has the registered functions.
type routes struct {
	byKind   map[string]HandlerFunc
	fallback HandlerFunc
}

// On registers f for one type of message or event:
//
//	callback.On(mux, func(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
//		return callback.Text{Content: "您好"}, nil
//	})
//
// The message type is taken from f's parameter. It must be a pointer to one of this package's
// message or event structs; other types do not compile. For an [*Unknown], use [Mux.OnEvent] or
// [Mux.Fallback].
func On[T any, M Routable[T]](mux *Mux, f func(ctx context.Context, m M) (Reply, error)) {
	name := M(nil).kind()
	if f == nil {
		mux.refuse(fmt.Errorf("the handler for %s is nil", name))
		return
	}
	mux.register(name, func(ctx context.Context, m Message) (Reply, error) {
		own, ok := m.(M)
		if !ok {
			return nil, fmt.Errorf("callback: a %T says that it is %s", m, name) // a Message of another package
		}
		return f(ctx, own)
	})
}

// OnEvent registers f for an event that has no struct of its own, such as user_consume_card. The
// case of name does not matter. If the event could not be read to its end, m.Err is not nil. For an
// event that has a struct, [NewServer] returns an error: use [On].
func (mux *Mux) OnEvent(name string, f func(ctx context.Context, m *Unknown) (Reply, error)) {
	kind := string(appendKind(nil, "event", strings.TrimSpace(name)))
	_, typed := kinds[kind]
	switch {
	case f == nil:
		mux.refuse(fmt.Errorf("the handler for %s is nil", kind))
	case strings.TrimSpace(name) == "":
		mux.refuse(errors.New("OnEvent without the event's name"))
	case typed:
		mux.refuse(fmt.Errorf("%s has a type of its own: use On", kind))
	default:
		mux.register(kind, func(ctx context.Context, m Message) (Reply, error) {
			own, ok := m.(*Unknown)
			if !ok {
				return nil, fmt.Errorf("callback: a %T says that it is %s", m, kind)
			}
			return f(ctx, own)
		})
	}
}

// Fallback registers f for all messages and events without a function of their own. f also receives
// messages that cannot be read into their struct, as an [*Unknown] with its Err.
func (mux *Mux) Fallback(f func(ctx context.Context, m Message) (Reply, error)) {
	mux.mu.Lock()
	defer mux.mu.Unlock()
	switch {
	case f == nil:
		mux.wrong = append(mux.wrong, errors.New("the fallback is nil"))
	case mux.routes.fallback != nil:
		mux.wrong = append(mux.wrong, errors.New("a second fallback"))
	default:
		mux.routes.fallback = f
	}
}

// Handle passes m to the function that is registered for it. It implements [Handler].
func (mux *Mux) Handle(ctx context.Context, m Message) (Reply, error) {
	mux.mu.RLock()
	f := mux.routes.find(m)
	mux.mu.RUnlock()
	if f == nil {
		return nil, nil
	}
	return f(ctx, m)
}

// Handle implements [Handler]. It needs no lock because r does not change any more.
func (r *routes) Handle(ctx context.Context, m Message) (Reply, error) {
	if f := r.find(m); f != nil {
		return f(ctx, m)
	}
	return nil, nil
}

// find returns the function that is registered for m, or nil.
func (r *routes) find(m Message) HandlerFunc {
	if own, ok := m.(interface{ kind() string }); ok {
		if f := r.byKind[own.kind()]; f != nil {
			return f
		}
	}
	return r.fallback
}

func (mux *Mux) register(kind string, f HandlerFunc) {
	mux.mu.Lock()
	defer mux.mu.Unlock()
	if mux.routes.byKind[kind] != nil {
		mux.wrong = append(mux.wrong, fmt.Errorf("a second handler for %s", kind))
		return
	}
	if mux.routes.byKind == nil {
		mux.routes.byKind = make(map[string]HandlerFunc)
	}
	mux.routes.byKind[kind] = f
}

func (mux *Mux) refuse(err error) {
	mux.mu.Lock()
	defer mux.mu.Unlock()
	mux.wrong = append(mux.wrong, err)
}

// fix returns a copy of what is registered.
func (mux *Mux) fix() (*routes, error) {
	mux.mu.RLock()
	defer mux.mu.RUnlock()
	if err := errors.Join(mux.wrong...); err != nil {
		return nil, fmt.Errorf("callback: mux: %w", err)
	}
	if len(mux.routes.byKind) == 0 && mux.routes.fallback == nil {
		return nil, errors.New("callback: mux: nothing is registered")
	}
	return &routes{maps.Clone(mux.routes.byKind), mux.routes.fallback}, nil
}

// ready returns the handler that the server calls: for a Mux, its registered functions.
func ready(handler Handler) (Handler, error) {
	switch h := handler.(type) {
	case nil:
		return nil, errors.New("callback: the handler is nil")
	case HandlerFunc:
		if h == nil {
			return nil, errors.New("callback: the handler is nil")
		}
	case *Mux:
		if h == nil {
			return nil, errors.New("callback: the handler is nil")
		}
		return h.fix()
	}
	return handler, nil
}
