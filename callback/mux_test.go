package callback

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func says(text string) func(context.Context, Message) (Reply, error) {
	return func(context.Context, Message) (Reply, error) { return Text{Content: text}, nil }
}

// told is what a handler answers to an event, or a message without one.
func told(t *testing.T, h Handler, msgType, event string) string {
	t.Helper()
	name := ""
	if event != "" {
		name = "<Event>" + event + "</Event>"
	}
	m, err := Parse([]byte("<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><MsgType>" + msgType + "</MsgType>" + name + "</xml>"))
	require.NoError(t, err)
	r, err := h.Handle(t.Context(), m)
	require.NoError(t, err)
	if r == nil {
		return ""
	}
	return r.(Text).Content
}

func TestMuxRoutes(t *testing.T) {
	t.Parallel()
	mux := new(Mux)
	On(mux, func(_ context.Context, m *TextMessage) (Reply, error) { return Text{Content: "text " + m.MsgType}, nil })
	On(mux, func(_ context.Context, m *SubscribeEvent) (Reply, error) {
		return Text{Content: "welcome " + m.EventKey}, nil
	})
	mux.OnEvent(" user_CONSUME_card ", func(_ context.Context, m *Unknown) (Reply, error) { return Text{Content: "card " + m.Event}, nil })
	bare, err := mux.fix()
	require.NoError(t, err)
	mux.Fallback(says("fallback"))
	full, err := mux.fix()
	require.NoError(t, err)
	for _, tt := range []struct{ msgType, event, bare, full string }{
		{"text", "", "text text", "text text"},
		{"event", "subscribe", "welcome ", "welcome "},
		{"event", "SUBSCRIBE", "welcome ", "welcome "},
		{"event", "user_consume_card", "card user_consume_card", "card user_consume_card"},
		{"event", "unsubscribe", "", "fallback"},
		{"event", "new_thing", "", "fallback"},
		{"image", "", "", "fallback"},
		{"hologram", "", "", "fallback"},
	} {
		assert.Equal(t, tt.bare, told(t, bare, tt.msgType, tt.event), "%s %s", tt.msgType, tt.event)
		assert.Equal(t, tt.full, told(t, full, tt.msgType, tt.event), "%s %s", tt.msgType, tt.event)
		assert.Equal(t, tt.full, told(t, mux, tt.msgType, tt.event), "%s %s", tt.msgType, tt.event)
	}
}

// Every kind that Parse knows can be registered for, each for itself.
func TestMuxKnowsEveryKind(t *testing.T) {
	t.Parallel()
	for kind := range kinds {
		mux := new(Mux)
		msgType, event, _ := strings.Cut(kind, "/")
		mux.register(kind, says("it"))
		mux.Fallback(says("another"))
		assert.Equal(t, "it", told(t, mux, msgType, event), kind)
	}
}

func TestMuxRefuses(t *testing.T) {
	t.Parallel()
	text := func(context.Context, *TextMessage) (Reply, error) { return nil, nil }
	event := func(context.Context, *Unknown) (Reply, error) { return nil, nil }
	for name, tt := range map[string]struct {
		build func(*Mux)
		want  string
	}{
		"nothing":           {func(*Mux) {}, "nothing is registered"},
		"a type twice":      {func(m *Mux) { On(m, text); On(m, text) }, "a second handler for text"},
		"an event twice":    {func(m *Mux) { m.OnEvent("card", event); m.OnEvent("CARD", event) }, "a second handler for event/card"},
		"two fallbacks":     {func(m *Mux) { m.Fallback(says("")); m.Fallback(says("")) }, "a second fallback"},
		"nil handler":       {func(m *Mux) { On[TextMessage](m, (func(context.Context, *TextMessage) (Reply, error))(nil)) }, "the handler for text is nil"},
		"nil event handler": {func(m *Mux) { m.OnEvent("card", nil) }, "the handler for event/card is nil"},
		"nil fallback":      {func(m *Mux) { m.Fallback(nil) }, "the fallback is nil"},
		"an event's type":   {func(m *Mux) { m.OnEvent("Subscribe", event) }, "event/subscribe has a type of its own: use On"},
		"no name":           {func(m *Mux) { m.OnEvent(" ", event) }, "OnEvent without the event's name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := new(Mux)
			tt.build(mux)
			_, err := NewServer(Config{Account: testAccount(false)}, mux)
			assert.EqualError(t, err, "callback: mux: "+tt.want)
		})
	}
}

func TestServerKeepsWhatTheMuxHad(t *testing.T) {
	t.Parallel()
	mux := new(Mux)
	On(mux, func(context.Context, *TextMessage) (Reply, error) { return Text{Content: "first"}, nil })
	s, err := NewServer(Config{Account: testAccount(false)}, mux)
	require.NoError(t, err)
	On(mux, func(context.Context, *TextMessage) (Reply, error) { return Text{Content: "second"}, nil })
	assert.Contains(t, serve(s, genuine(false, 1)).body.String(), "first")
	_, err = NewServer(Config{Account: testAccount(false)}, mux)
	assert.Error(t, err)
}

// A struct of somebody else that passes for one of ours is told, and does no harm.
type impostor struct{ TextMessage }

func TestMuxAndAnImpostor(t *testing.T) {
	t.Parallel()
	mux := new(Mux)
	On(mux, func(context.Context, *TextMessage) (Reply, error) { return Text{Content: "text"}, nil })
	_, err := mux.Handle(t.Context(), &impostor{})
	assert.EqualError(t, err, "callback: a *callback.impostor says that it is text")
}

// What can never match does not compile: the type checker is asked.
func TestOnTakesNothingThatNeverMatches(t *testing.T) {
	t.Parallel()
	check := onChecker(t)
	for _, m := range []string{"*callback.TextMessage", "*callback.SubscribeEvent", "*callback.TemplateSendJobFinishEvent"} {
		assert.NoError(t, check(m), m)
	}
	for _, m := range []string{
		"callback.TextMessage", "**callback.TextMessage", "*callback.Header", "callback.Header", "callback.Message",
		"*callback.Message", "*callback.Unknown", "any", "string", "*mine", "*embeds", "*named", "callback.Text", "*callback.Text",
	} {
		assert.Error(t, check(m), m)
	}
}

// onChecker returns a function that type-checks a registration for m.
func onChecker(t *testing.T) func(m string) error {
	t.Helper()
	fset := token.NewFileSet()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var files []*ast.File
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			f, err := parser.ParseFile(fset, e.Name(), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	// Only what On and its constraint are made of must be there: bodies need no check, and of
	// other packages only context has a part in it.
	ctx := types.NewPackage("context", "context")
	ctx.Scope().Insert(types.NewTypeName(token.NoPos, ctx, "Context", nil))
	types.NewNamed(ctx.Scope().Lookup("Context").(*types.TypeName), types.NewInterfaceType(nil, nil), nil)
	ctx.MarkComplete()
	known := packages{"context": ctx}
	conf := types.Config{Importer: known, IgnoreFuncBodies: true, Error: func(error) {}}
	pkg, _ := conf.Check("github.com/org/wxhome/callback", fset, files, nil)
	require.NotNil(t, pkg.Scope().Lookup("On"))
	known[pkg.Path()] = pkg
	return func(m string) error {
		src := fmt.Sprintf(`package user
import ("context"; "github.com/org/wxhome/callback")
type mine struct{ callback.Header }
type embeds struct{ callback.TextMessage }
type named callback.TextMessage
var mux callback.Mux
func register() {
	callback.On(&mux, func(context.Context, %s) (callback.Reply, error) { return nil, nil })
}`, m)
		f, err := parser.ParseFile(fset, "user.go", src, parser.SkipObjectResolution)
		if err != nil {
			return nil // it must be the types that are wrong
		}
		_, err = (&types.Config{Importer: known}).Check("user", fset, []*ast.File{f}, nil)
		return err
	}
}

// packages is an importer of what it holds, and of empty packages for the rest.
type packages map[string]*types.Package

func (p packages) Import(path string) (*types.Package, error) {
	if pkg := p[path]; pkg != nil {
		return pkg, nil
	}
	pkg := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	pkg.MarkComplete()
	return pkg, nil
}
