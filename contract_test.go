package wxhome_test

import (
	"context"
	"errors"
	"go/ast"
	"go/printer"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/follower"
	"github.com/org/wxhome/wechat/jssdk"
	"github.com/org/wxhome/wechat/menu"
	"github.com/org/wxhome/wechat/scene"
)

// contract is what every leaf keeps to: its errors tell their kind by a method KindName() string
// that returns the String of a wechat.Kind, and nil, nonsense and an option given twice are errors
// of the call that takes them.
type contract struct {
	errs         map[string]told           // by the name of the sentinel or of the error type
	constructors map[string]func() []error // with nil and nonsense
	options      map[string]option
}

// told is an error and the kind that it tells.
type told struct {
	err  error
	kind string
}

type option struct {
	nonsense func() []error
	twice    func() error // nil: it may be given several times
}

// caller is a Caller and Doer that is never called.
type caller struct {
	template.Caller
	media.Doer
}

func sendAll(opts ...template.Option) error {
	client, err := template.NewClient(caller{})
	if err != nil {
		return err
	}
	for r := range client.SendAll(context.Background(), nil, opts...) {
		return r.Err
	}
	return nil
}

func send(opts ...custom.Option) error {
	client, err := custom.NewClient(caller{})
	if err != nil {
		return err
	}
	return client.Send(context.Background(), "OPENID", custom.Text{Content: "hi"}, opts...)
}

func sendItems(opts ...custom.Option) error {
	client, err := custom.NewClient(caller{})
	if err != nil {
		return err
	}
	for r := range client.SendAll(context.Background(), nil, opts...) {
		return r.Err
	}
	return nil
}

func notify(opts ...template.Option) error {
	client, err := template.NewClient(caller{})
	if err != nil {
		return err
	}
	for r := range client.NotifyAll(context.Background(), nil, opts...) {
		return r.Err
	}
	return nil
}

func upload(opts ...media.Option) error {
	client, err := media.NewClient(caller{})
	if err != nil {
		return err
	}
	_, err = client.Upload(context.Background(), media.Image, "", strings.NewReader("\xff\xd8\xff"), opts...)
	return err
}

func info(opts ...follower.Option) error {
	client, err := follower.NewClient(caller{})
	if err != nil {
		return err
	}
	return errOf(client.Info(context.Background(), "OPENID", opts...))
}

func cache(opts ...token.Option) error {
	_, err := token.NewCache(token.SourceFunc(func(context.Context) (token.Token, error) { return token.Token{}, nil }), opts...)
	return err
}

// ticketSource is a jssdk.TicketSource that is never asked.
type ticketSource struct{ jssdk.TicketSource }

func errOf[T any](_ T, err error) error { return err }

var contracts = map[string]contract{
	"token": {
		errs: map[string]told{
			"ErrUnchanged": {token.ErrUnchanged, "token"}, "ErrRefused": {token.ErrRefused, "token"},
			"ErrRenewTooSoon": {token.ErrRenewTooSoon, "minute limit"},
		},
		constructors: map[string]func() []error{
			"NewCache": func() []error {
				return []error{
					errOf(token.NewCache(nil)), errOf(token.NewCache(token.SourceFunc(nil))), cache(nil),
				}
			},
			"NewMemoryStore": func() []error { return nil }, // takes nothing
		},
		options: map[string]option{
			"WithStore": {func() []error {
				return []error{cache(token.WithStore(nil, "k")), cache(token.WithStore(token.NewMemoryStore(), ""))}
			}, func() error {
				return cache(token.WithStore(token.NewMemoryStore(), "k"), token.WithStore(token.NewMemoryStore(), "k"))
			}},
			"WithLock": {func() []error { return []error{cache(token.WithLock())} }, func() error {
				return cache(token.WithLock(), token.WithLock())
			}},
			"WithMargin": {func() []error { return []error{cache(token.WithMargin(0)), cache(token.WithMargin(-time.Hour))} }, func() error {
				return cache(token.WithMargin(time.Hour), token.WithMargin(time.Hour))
			}},
			"WithHook": {func() []error { return []error{cache(token.WithHook(nil))} }, nil},
		},
	},
	"template": {
		errs: map[string]told{
			"ErrInvalidMessage": {template.ErrInvalidMessage, "value"}, "ErrInvalidArgument": {template.ErrInvalidArgument, "request"},
			"ErrNotSent": {template.ErrNotSent, "network"}, "ValueError": {&template.ValueError{Key: "thing1", Reason: "odd"}, "value"},
		},
		constructors: map[string]func() []error{
			"NewClient": func() []error { return []error{errOf(template.NewClient(nil)), sendAll(nil), notify(nil)} },
		},
		options: map[string]option{
			"WithWorkers": {func() []error { return []error{sendAll(template.WithWorkers(0)), sendAll(template.WithWorkers(-1))} }, func() error {
				return sendAll(template.WithWorkers(1), template.WithWorkers(1))
			}},
		},
	},
	"custom": {
		errs: map[string]told{
			"ErrInvalidMessage": {custom.ErrInvalidMessage, "value"}, "ErrTooLong": {custom.ErrTooLong, "value"},
			"ErrInvalidArgument": {custom.ErrInvalidArgument, "request"}, "ErrNotSent": {custom.ErrNotSent, "network"},
		},
		constructors: map[string]func() []error{
			"NewClient": func() []error { return []error{errOf(custom.NewClient(nil)), send(nil), sendItems(nil)} },
		},
		options: map[string]option{
			"WithAgent": {func() []error { return []error{send(custom.WithAgent("")), send(custom.WithAgent("nobody"))} }, func() error {
				return send(custom.WithAgent("a@b"), custom.WithAgent("a@b"))
			}},
			"WithWorkers": {func() []error {
				return []error{sendItems(custom.WithWorkers(0)), sendItems(custom.WithWorkers(-1)), send(custom.WithWorkers(1))}
			}, func() error { return sendItems(custom.WithWorkers(1), custom.WithWorkers(1)) }},
			"WithBusinessID": {func() []error { return []error{send(custom.WithBusinessID(0)), send(custom.WithBusinessID(-1))} }, func() error {
				return send(custom.WithBusinessID(1), custom.WithBusinessID(1))
			}},
			"WithAIMark": {func() []error { return nil }, func() error { return send(custom.WithAIMark(), custom.WithAIMark()) }},
		},
	},
	"media": {
		errs: map[string]told{
			"ErrTooLarge": {media.ErrTooLarge, "value"}, "ErrFormat": {media.ErrFormat, "value"}, "ErrEmpty": {media.ErrEmpty, "value"},
			"ErrInvalidArgument": {media.ErrInvalidArgument, "request"}, "ErrAnswer": {media.ErrAnswer, "lost"},
		},
		constructors: map[string]func() []error{
			"NewClient": func() []error { return []error{errOf(media.NewClient(nil)), upload(nil)} },
			"NewCache": func() []error {
				return []error{errOf(media.NewCache(nil, 1)), errOf(media.NewCache(&media.Client{}, 0))}
			},
		},
		options: map[string]option{
			"WithProgress": {func() []error { return []error{upload(media.WithProgress(nil))} }, func() error {
				report := func(int64, int64) {}
				return upload(media.WithProgress(report), media.WithProgress(report))
			}},
		},
	},
	"wechat/follower": {
		errs: map[string]told{
			"ErrInvalidArgument": {follower.ErrInvalidArgument, "request"},
			"BatchError":         {&follower.BatchError{Failed: []follower.Failure{{OpenID: "OPENID", Err: wechat.ErrInvalidOpenID}}}, "recipient"},
		},
		constructors: map[string]func() []error{
			"NewClient": func() []error { return []error{errOf(follower.NewClient(nil)), info(nil)} },
		},
		options: map[string]option{
			"WithLanguage": {func() []error { return []error{info(follower.WithLanguage("")), info(follower.WithLanguage("de"))} }, func() error {
				return info(follower.WithLanguage("en"), follower.WithLanguage("en"))
			}},
		},
	},
	"wechat/scene": {
		errs: map[string]told{"ErrInvalidArgument": {scene.ErrInvalidArgument, "request"}},
		constructors: map[string]func() []error{
			"NewClient": func() []error { return []error{errOf(scene.NewClient(nil))} },
		},
	},
	"wechat/menu": {
		errs: map[string]told{
			"ErrInvalidArgument": {menu.ErrInvalidArgument, "request"},
			"InvalidError":       {&menu.InvalidError{Faults: []menu.Fault{{Place: "button[0].name", Reason: "is empty"}}}, "request"},
		},
		constructors: map[string]func() []error{"NewClient": func() []error { return []error{errOf(menu.NewClient(nil))} }},
	},
	"wechat/jssdk": {
		errs: map[string]told{"ErrInvalidArgument": {jssdk.ErrInvalidArgument, "request"}},
		constructors: map[string]func() []error{"NewClient": func() []error {
			return []error{errOf(jssdk.NewClient("wx", nil)), errOf(jssdk.NewClient("", ticketSource{}))}
		}},
	},
}

// TestContract walks every exported sentinel, error type, constructor and option of the leaves.
func TestContract(t *testing.T) {
	t.Parallel()
	for room, c := range contracts {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			errs, constructors, options := exported(t, room)
			assert.ElementsMatch(t, errs, slices.Collect(maps.Keys(c.errs)), "the errors of %s", room)
			assert.ElementsMatch(t, constructors, slices.Collect(maps.Keys(c.constructors)), "the constructors of %s", room)
			assert.ElementsMatch(t, options, slices.Collect(maps.Keys(c.options)), "the options of %s", room)
			for name, e := range c.errs {
				assertTells(t, room, e.kind, e.err, name)
			}
			for name, of := range c.constructors {
				for i, err := range of() {
					assertTells(t, room, "request", err, name, i)
				}
			}
			for name, o := range c.options {
				for i, err := range o.nonsense() {
					assertTells(t, room, "request", err, name, i)
				}
				if o.twice != nil {
					err := o.twice()
					assertTells(t, room, "request", err, name, "twice")
					assert.ErrorContains(t, err, "twice")
				}
			}
		})
	}
}

// assertTells checks the kind of an error, and that its text says once where it comes from.
func assertTells(t *testing.T, room, kind string, err error, about ...any) {
	t.Helper()
	require.Error(t, err, about...)
	room = path.Base(room)
	named, ok := errors.AsType[interface {
		error
		KindName() string
	}](err)
	require.True(t, ok, append(about, "has no KindName")...)
	assert.Equal(t, kind, named.KindName(), about...)
	assert.Equal(t, kind, wechat.KindOf(err).String(), about...)
	name := path.Base(room)
	assert.True(t, strings.HasPrefix(err.Error(), name+": "), "%v: %v", about, err)
	assert.Equal(t, 1, strings.Count(err.Error(), name+": "), "%v: %v", about, err)
}

// exported returns the names of a package that are errors, constructors and options.
func exported(t *testing.T, room string) (errs, constructors, options []string) {
	t.Helper()
	fset, files := parsePackage(t, room, false)
	for _, file := range files {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if named, ok := spec.(*ast.TypeSpec); ok && strings.HasSuffix(named.Name.Name, "Option") {
						var text strings.Builder
						require.NoError(t, printer.Fprint(&text, fset, named.Type))
						assert.Equal(t, "func(*settings) error", text.String(), "%s.%s", room, named.Name.Name)
					}
					value, ok := spec.(*ast.ValueSpec)
					if !ok {
						continue
					}
					for _, name := range value.Names {
						if strings.HasPrefix(name.Name, "Err") {
							errs = append(errs, name.Name)
						}
					}
				}
			case *ast.FuncDecl:
				name := decl.Name.Name
				switch {
				case decl.Recv != nil && name == "Error":
					if of := receiver(decl); ast.IsExported(of) {
						errs = append(errs, of)
					}
				case decl.Recv == nil && strings.HasPrefix(name, "New"):
					constructors = append(constructors, name)
				case decl.Recv == nil && decl.Name.IsExported() && returnsOption(decl):
					options = append(options, name)
				}
			}
		}
	}
	return errs, constructors, options
}

func receiver(decl *ast.FuncDecl) string {
	typ := decl.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	name, ok := typ.(*ast.Ident)
	if !ok {
		return ""
	}
	return name.Name
}

func returnsOption(decl *ast.FuncDecl) bool {
	if decl.Type.Results == nil || len(decl.Type.Results.List) != 1 {
		return false
	}
	name, ok := decl.Type.Results.List[0].Type.(*ast.Ident)
	return ok && strings.HasSuffix(name.Name, "Option")
}
