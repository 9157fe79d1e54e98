package wechat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

// owner answers for an account. Its refresh tokens are good unless they are bad; each refresh of R makes R+.
type owner struct {
	*gateway
	bad []string
}

func newOwner() *owner {
	o := &owner{gateway: componentGateway()}
	o.on(http.MethodPost, authorizerTokenPath, func(r *http.Request) (*http.Response, error) {
		var in struct {
			Refresh string `json:"authorizer_refresh_token"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return nil, err
		}
		if slices.Contains(o.bad, in.Refresh) {
			return httpmock.NewStringResponse(200, `{"errcode":61023,"errmsg":"refresh_token is invalid"}`), nil
		}
		return httpmock.NewStringResponse(200, fmt.Sprintf(`{"authorizer_access_token":"T of %[1]s","expires_in":7200,"authorizer_refresh_token":"%[1]s+"}`, in.Refresh)), nil
	})
	return o.grants("GRANTED")
}

// grants has the next authorization code bring a refresh token.
func (o *owner) grants(refresh string) *owner {
	o.on(http.MethodPost, queryAuthPath, text(200, fmt.Sprintf(`{"authorization_info":{"authorizer_appid":%q,"authorizer_refresh_token":%q}}`, appID, refresh)))
	return o
}

// fallible is a PlatformStore that is a Locker, too.
type fallible struct {
	*vault
	lock func(context.Context) error
}

func (f *fallible) Lock(ctx context.Context, _ string) (func(), error) {
	if f.lock != nil {
		return func() {}, f.lock(ctx)
	}
	return func() {}, nil
}

// A code is spent once it is exchanged: its refresh token must outlive whatever fails after that.
func TestAuthorizeRemembersWhatItCannotSave(t *testing.T) {
	t.Parallel()
	until := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, tt := range map[string]struct {
		stored, bad string // bad is refused
		fail        func(*fallible)
		want        string
	}{
		"lock fails":              {"", "", func(f *fallible) { f.lock = func(context.Context) error { return io.ErrShortWrite } }, "T of GRANTED"},
		"lock takes too long":     {"OLD", "OLD", func(f *fallible) { f.lock = until }, "T of GRANTED"},
		"load fails":              {"OLD", "OLD", func(f *fallible) { f.setFault(failsAt("load", io.ErrShortWrite)) }, "T of GRANTED"},
		"load fails, it is stale": {"NEWER", "GRANTED", func(f *fallible) { f.setFault(failsAt("load", io.ErrShortWrite)) }, "T of NEWER"},
		"save fails":              {"OLD", "OLD", func(f *fallible) { f.setFault(failsAt("save", io.ErrShortWrite)) }, "T of GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOwner()
				o.bad = []string{tt.bad}
				f := &fallible{vault: newVault(ticketKey, "TICKET", refreshKey, tt.stored)}
				p := o.platform(t, f)
				tt.fail(f)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := p.Authorize(ctx, "CODE")
				require.Error(t, err)
				f.lock = nil
				f.setFault(nil)
				got, err := p.Authorizer(appID).Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, tt.want, got.Value)
				assert.Equal(t, strings.TrimPrefix(tt.want, "T of ")+"+", f.get(refreshKey))
			})
		})
	}
}

// The refresh that is under way when the owner authorizes anew brings a refresh token of the authorization before.
func TestNewAuthorizationWinsOverARefreshUnderWay(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"Authorize waits": time.Hour, "Authorize gives up": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o, v := newOwner(), newVault(ticketKey, "TICKET", refreshKey, "OLD")
				o.on(http.MethodPost, authorizerTokenPath, func(*http.Request) (*http.Response, error) {
					time.Sleep(time.Minute)
					return httpmock.NewStringResponse(200, `{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"OLD+"}`), nil
				})
				p := o.platform(t, v)
				done := make(chan struct{})
				go func() {
					defer close(done)
					_, err := p.Authorizer(appID).Token(t.Context())
					assert.NoError(t, err)
				}()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				defer cancel()
				_, err := p.Authorize(ctx, "CODE")
				if wait < time.Minute {
					require.ErrorIs(t, err, context.DeadlineExceeded)
				} else {
					require.NoError(t, err)
				}
				<-done
				assert.Equal(t, "GRANTED", v.get(refreshKey))
			})
		})
	}
}

// Of two authorizations that cannot be saved the later one counts.
func TestLaterAuthorizationWins(t *testing.T) {
	t.Parallel()
	o, v := newOwner(), newVault(ticketKey, "TICKET")
	p := o.platform(t, v)
	v.setFault(failsAt("save", io.ErrShortWrite))
	for _, refresh := range []string{"FIRST", "SECOND"} {
		_, err := o.grants(refresh).platform(t, v).Authorize(t.Context(), "CODE")
		require.ErrorIs(t, err, io.ErrShortWrite)
		_, err = p.Authorize(t.Context(), "CODE")
		require.ErrorIs(t, err, io.ErrShortWrite)
	}
	v.setFault(nil)
	_, err := p.Authorizer(appID).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{refreshKey + "=SECOND", refreshKey + "=SECOND+"}, v.saves)
}

// What another process has stored since wins over what this one could not save: it is newer.
func TestStaleRefreshTokenOverwritesNothing(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "OLD"} {
		for name, obtain := range map[string]func(context.Context, *wechat.Platform) error{
			"authorization": func(ctx context.Context, p *wechat.Platform) error { _, err := p.Authorize(ctx, "CODE"); return err },
			"refresh": func(ctx context.Context, p *wechat.Platform) error {
				_, err := p.Authorizer(appID).Token(ctx)
				return err
			},
		} {
			if before == "" && name == "refresh" {
				continue
			}
			for what, other := range map[string]func(context.Context, *wechat.Platform) error{
				"SECOND": func(ctx context.Context, p *wechat.Platform) error { _, err := p.Authorize(ctx, "CODE"); return err },
				"":       func(ctx context.Context, p *wechat.Platform) error { return p.Authorizer(appID).Forget(ctx) },
			} {
				t.Run(name+" after "+before+" before "+what, func(t *testing.T) {
					t.Parallel()
					o, v := newOwner(), newVault(ticketKey, "TICKET", refreshKey, before)
					p := o.platform(t, v)
					v.setFault(failsAt("save", io.ErrShortWrite))
					require.ErrorIs(t, obtain(t.Context(), p), io.ErrShortWrite)
					v.setFault(nil)
					require.NoError(t, other(t.Context(), o.grants("SECOND").platform(t, v)))
					got, err := p.Authorizer(appID).Token(t.Context())
					if what == "" {
						require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
						assert.Contains(t, v.get(refreshKey), "wxhome:forgotten:")
						return
					}
					require.NoError(t, err)
					assert.Equal(t, "T of SECOND", got.Value)
					assert.Equal(t, "SECOND+", v.get(refreshKey))
				})
			}
		}
	}
}

// What another process has stored may have come of the authorization before. Then WeChat refuses it.
func TestUnsavedAuthorizationServesWhereTheStoredTokenIsRefused(t *testing.T) {
	t.Parallel()
	for _, good := range []bool{true, false} {
		o, v := newOwner(), newVault(ticketKey, "TICKET", refreshKey, "OLD")
		p := o.platform(t, v)
		v.setFault(failsAt("save", io.ErrShortWrite))
		_, err := p.Authorize(t.Context(), "CODE")
		require.ErrorIs(t, err, io.ErrShortWrite)
		v.setFault(nil)
		require.NoError(t, v.Save(t.Context(), refreshKey, "OLD+"))
		o.bad = []string{"OLD+"}
		if !good {
			o.bad = append(o.bad, "GRANTED")
		}
		got, err := p.Authorizer(appID).Token(t.Context())
		if good {
			require.NoError(t, err)
			assert.Equal(t, "T of GRANTED", got.Value)
			assert.Equal(t, "GRANTED+", v.get(refreshKey))
			continue
		}
		require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
		calls := o.count(authorizerTokenPath)
		_, err = p.Authorizer(appID).Token(t.Context())
		require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
		assert.Equal(t, calls+1, o.count(authorizerTokenPath), "what is refused is not tried again")
	}
}

// A store that has lost its value is not another process that has gone on: the only copy is saved.
func TestStoreThatLosesItsValue(t *testing.T) {
	t.Parallel()
	t.Run("while WeChat is asked", func(t *testing.T) {
		t.Parallel()
		g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R0")
		g.on(http.MethodPost, authorizerTokenPath, func(r *http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(200, `{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"R1"}`), v.Save(r.Context(), refreshKey, "")
		})
		_, err := g.platform(t, v).Authorizer(appID).Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "R1", v.get(refreshKey))
	})
	t.Run("after a failure", func(t *testing.T) {
		t.Parallel()
		o, v := newOwner(), newVault(ticketKey, "TICKET", refreshKey, "R0")
		a := o.platform(t, v).Authorizer(appID)
		v.setFault(failsAt("save", io.ErrShortWrite))
		_, err := a.Token(t.Context())
		require.ErrorIs(t, err, io.ErrShortWrite)
		v.setFault(nil)
		require.NoError(t, v.Save(t.Context(), refreshKey, ""))
		got, err := a.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "T of R0", got.Value)
		assert.Equal(t, "R0+", v.get(refreshKey))
	})
	t.Run("after it was forgotten", func(t *testing.T) {
		t.Parallel()
		v := newVault(ticketKey, "TICKET", refreshKey, "R0")
		a := newOwner().platform(t, v).Authorizer(appID)
		v.setFault(failsAt("save", io.ErrShortWrite))
		_, err := a.Token(t.Context())
		require.ErrorIs(t, err, io.ErrShortWrite)
		v.setFault(nil)
		require.NoError(t, a.Forget(t.Context()))
		require.NoError(t, v.Save(t.Context(), refreshKey, ""))
		_, err = a.Token(t.Context())
		require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
	})
}

// A store may save and fail to say so.
func TestSaveThatFailsAfterAll(t *testing.T) {
	t.Parallel()
	o, v := newOwner(), newVault(ticketKey, "TICKET", refreshKey, "R0")
	a := o.platform(t, v).Authorizer(appID)
	v.setFault(func(op, key, value string) error {
		if op == "save" {
			v.values[key] = value
			return errors.New("the answer is lost")
		}
		return nil
	})
	_, err := a.Token(t.Context())
	require.Error(t, err)
	got, err := a.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "T of R0", got.Value)
	assert.Equal(t, 1, o.count(authorizerTokenPath))
}
