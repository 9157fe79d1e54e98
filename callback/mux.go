package callback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
)

// Handler answers messages and events. It is called once for each, however often the platform
// delivers it, and for different ones concurrently.
//
// The reply goes back to the sender: nil is none. With an error the sender gets none either, and
// the error goes to [Config].OnError and the log. The context outlives the request; it ends with
// Config.HandlerTimeout, when Shutdown gives up, and when Handle returns.
type Handler interface {
	Handle(ctx context.Context, m Message) (Reply, error)
}

// HandlerFunc is a [Handler] that is a function.
type HandlerFunc func(ctx context.Context, m Message) (Reply, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, m Message) (Reply, error) { return f(ctx, m) }

// Mux is a [Handler] that hands each message to the function for its type. The zero Mux is ready
// for use. Register with [On], [Mux.OnEvent] and [Mux.Fallback]; what is for none of them gets no
// reply.
//
// Registering twice for the same, and a nil function, are errors of [NewServer]. A Server works
// with what is registered when it is made. All methods are safe for concurrent use.
type Mux struct {
	mu     sync.RWMutex // guards what follows
	routes routes
	wrong  []error
}

// routes is what is registered.
type routes struct {
	byKind   map[string]HandlerFunc
	fallback HandlerFunc
}

// On makes f the handler of one type of message or event:
//
//	callback.On(mux, func(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
//		return callback.Text{Content: "您好"}, nil
//	})
//
// Which type that is stands in f alone. A type that [Parse] never returns does not compile;
// [*Unknown] is for [Mux.OnEvent] and [Mux.Fallback].
func On[T any, M Routable[T]](mux *Mux, f func(ctx context.Context, m M) (Reply, error)) {
	name := M(nil).kind()
	if f == nil {
		mux.refuse(fmt.Errorf("the handler for %s is nil", name))
		return
	}
	mux.register(name, func(ctx context.Context, m Message) (Reply, error) {
		own, ok := m.(M)
		if !ok {
			return nil, fmt.Errorf("callback: a %T says that it is %s", m, name) // somebody else's Message
		}
		return f(ctx, own)
	})
}

// OnEvent makes f the handler of an event that has no struct of its own, such as
// user_consume_card, by its name in any case. For an event that has one it is an error of
// [NewServer]: use [On].
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

// Fallback makes f the handler of everything that nothing else is registered for.
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

// Handle hands m to the function that is registered for it. It implements [Handler].
func (mux *Mux) Handle(ctx context.Context, m Message) (Reply, error) {
	mux.mu.RLock()
	f := mux.routes.find(m)
	mux.mu.RUnlock()
	if f == nil {
		return nil, nil
	}
	return f(ctx, m)
}

// Handle implements [Handler]. Nothing changes r any more, so it needs no lock.
func (r *routes) Handle(ctx context.Context, m Message) (Reply, error) {
	if f := r.find(m); f != nil {
		return f(ctx, m)
	}
	return nil, nil
}

// find returns what is registered for m, or nil.
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

// fix returns what is registered now.
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
