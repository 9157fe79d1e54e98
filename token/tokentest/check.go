package tokentest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/token"
)

// fresh is a token that lives for another hour.
func fresh(value string) token.Token {
	return token.Token{Value: value, Expiry: time.Now().Add(time.Hour)}
}

func checkMiss(ctx context.Context, s *suite) error {
	return wantNone(ctx, s.open(), s.key("miss"), "a key that was never saved")
}

// wantNone loads what must not be there.
func wantNone(ctx context.Context, st token.Store, key, what string) error {
	got, err := st.Load(ctx, key)
	if err != nil {
		return fmt.Errorf("the store's Load of %s: %w; want the zero Token and no error", what, err)
	}
	if got != (token.Token{}) {
		return fmt.Errorf("the store's Load of %s gives %v; want the zero Token", what, got)
	}
	return nil
}

// saveLoad saves through one Store and loads through another.
func (s *suite) saveLoad(ctx context.Context, key string, want token.Token) error {
	if err := s.open().Save(ctx, key, want); err != nil {
		return fmt.Errorf("the store's Save: %w", err)
	}
	return wantToken(ctx, s.open(), key, want)
}

// wantToken loads what must be there. A second of its expiry may get lost, no more.
func wantToken(ctx context.Context, st token.Store, key string, want token.Token) error {
	got, err := st.Load(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("the store's Load: %w", err)
	case got.Value == "":
		return errors.New("the store's Load after Save gives no token")
	case got.Value != want.Value:
		return errors.New("the store's Load after Save gives another value")
	case got.Expiry.IsZero():
		return errors.New("the store's Load after Save gives no Expiry")
	}
	if d := got.Expiry.Sub(want.Expiry); d.Abs() > time.Second {
		return fmt.Errorf("the expiry moved by %v; save it in unix seconds, or with its zone", d)
	}
	return nil
}

func checkRoundTrip(ctx context.Context, s *suite) error {
	for name, value := range map[string]string{
		"short":   "v",
		"longest": strings.Repeat("80_abcXYZ019-_zz", 32), // 512 bytes, the platform's limit
		"awkward": `a"b'c\d%e<f>&+/= 微信`,
	} {
		if err := s.saveLoad(ctx, s.key("round trip "+name), fresh(value)); err != nil {
			return fmt.Errorf("the %s value: %w", name, err)
		}
	}
	return nil
}

func checkExpiry(ctx context.Context, s *suite) error {
	at := time.Now().Truncate(time.Second).Add(2*time.Hour + 999*time.Millisecond)
	zones := []*time.Location{time.UTC, time.Local, time.FixedZone("UTC+8", 8*3600), time.FixedZone("UTC-3:30", -12600)}
	for i, zone := range zones {
		// Not all of them can suit a Store that rounds.
		expiry := at.Add(-time.Duration(i) * 17 * time.Second).In(zone)
		if err := s.saveLoad(ctx, s.key("expiry "+zone.String()), token.Token{Value: "v", Expiry: expiry}); err != nil {
			return fmt.Errorf("an Expiry in the zone %v: %w", zone, err)
		}
	}
	return nil
}

func checkReplace(ctx context.Context, s *suite) error {
	key := s.key("replace")
	for i, value := range []string{"first", "second, which is longer", "3"} {
		want := token.Token{Value: value, Expiry: time.Now().Add(time.Hour - time.Duration(i)*time.Minute)}
		if err := s.saveLoad(ctx, key, want); err != nil {
			return fmt.Errorf("token %d under the same key: %w", i+1, err)
		}
	}
	return nil
}

// alike are names that a Store may take for one another: by case, by accent, by width, as a
// pattern, as a prefix, by a cut at the end.
func alike() []string {
	long := strings.Repeat("sub.", 40) + "example.com"
	return []string{
		"wxa", "wxA", "WXA", "wxà", "ｗｘａ", "wx_", "wx%", "wx*", "wx?", "wx", "wxa:b", "wxa/b", "wxa.b",
		"微信", "微博", "微", "wxa'", `wxa"`, long + "1", long + "2",
	}
}

func checkKeys(ctx context.Context, s *suite) error {
	st, saved := s.open(), make(map[string]token.Token)
	names := append(alike(), s.longest("1"), s.longest("2"))
	for _, name := range names {
		saved[name] = fresh("of " + name)
		if err := st.Save(ctx, s.key(name), saved[name]); err != nil {
			return fmt.Errorf("the store's Save under a key with %q: %w", name, err)
		}
	}
	for _, name := range names {
		if err := wantToken(ctx, st, s.key(name), saved[name]); err != nil {
			return fmt.Errorf("the key with %q, one of many alike, which are to be compared byte by byte: %w", name, err)
		}
	}
	return nil
}

// longest returns a name with the given end whose key is as long as a key may be.
func (s *suite) longest(end string) string {
	return strings.Repeat("k", token.MaxKeyLength-len(s.key(end))) + end
}

func checkExpired(ctx context.Context, s *suite) error {
	st, key := s.open(), s.key("expired")
	// To refuse it is as good as to forget it.
	_ = st.Save(ctx, key, token.Token{Value: "old", Expiry: time.Now().Add(-2 * time.Second)})
	return wantNone(ctx, st, key, "a token that had expired")
}

func checkExpires(ctx context.Context, s *suite) error {
	st, key := s.open(), s.key("expires")
	expiry := time.Now().Add(1500 * time.Millisecond)
	if err := st.Save(ctx, key, token.Token{Value: "short", Expiry: expiry}); err != nil {
		return fmt.Errorf("the store's Save: %w", err)
	}
	select {
	case <-time.After(time.Until(expiry) + 50*time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	return wantNone(ctx, st, key, "a token that expired in the Store")
}

func checkEndedContext(ctx context.Context, s *suite) error {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	for name, ended := range map[string]context.Context{"cancelled": cancelled, "late": late} {
		if err := wantFailures(ended, s.open(), s.key("context "+name)); err != nil {
			return fmt.Errorf("with a %s context: %w", name, err)
		}
	}
	return nil
}

// wantFailures uses a Store that cannot work, and must say so.
func wantFailures(ctx context.Context, st token.Store, key string) error {
	start := time.Now()
	if _, err := st.Load(ctx, key); err == nil {
		return errors.New("the store's Load gives no error; a Cache takes that for a miss and fetches")
	}
	if err := st.Save(ctx, key, fresh("v")); err == nil {
		return errors.New("the store's Save gives no error")
	}
	if took := time.Since(start); took > 2*patience {
		return fmt.Errorf("the store's Load and Save took %v; they are to return soon after the context ends", took.Round(time.Second))
	}
	return nil
}

func checkOutage(ctx context.Context, s *suite) error {
	if s.breakIt == nil {
		return fmt.Errorf("%w: give Run the option WithOutage", errSkip)
	}
	st, key := s.open(), s.key("outage")
	if err := st.Save(ctx, key, fresh("before")); err != nil {
		return fmt.Errorf("the store's Save before the outage: %w", err)
	}
	if err := s.whileBroken(ctx, st, key); err != nil {
		return fmt.Errorf("during an outage: %w", err)
	}
	// The first calls may still find the old connection.
	deadline := time.Now().Add(2 * patience)
	for {
		after := fresh("after")
		err := st.Save(ctx, key, after)
		if err == nil {
			return wantToken(ctx, st, key, after)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the store's Save after the outage: %w; the Store is to recover by itself", err)
		}
		time.Sleep(patience / 20)
	}
}

func (s *suite) whileBroken(ctx context.Context, st token.Store, key string) error {
	defer s.breakIt()()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return wantFailures(ctx, st, key)
}

// checkConcurrent has writers who each save a value and an expiry that belong together.
func checkConcurrent(ctx context.Context, s *suite) error {
	const writers, rounds = 8, 25
	st, base := s.open(), time.Now().Truncate(time.Second)
	expiry := func(i int) time.Time { return base.Add(time.Duration(i+1) * 10 * time.Minute) }
	failed := make(chan error, writers)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			key := s.key(fmt.Sprintf("concurrent %d", i%2))
			want := token.Token{Value: strings.Repeat(string(rune('a'+i)), 300), Expiry: expiry(i)}
			for range rounds {
				if err := saveAmongOthers(ctx, st, key, want, expiry); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}

func saveAmongOthers(ctx context.Context, st token.Store, key string, t token.Token, expiry func(int) time.Time) error {
	if err := st.Save(ctx, key, t); err != nil {
		return fmt.Errorf("the store's Save while others do: %w", err)
	}
	got, err := st.Load(ctx, key)
	if err != nil {
		return fmt.Errorf("the store's Load while others save: %w", err)
	}
	if got.Value == "" {
		return errors.New("the store's Load while others save gives no token")
	}
	i := int(got.Value[0] - 'a')
	if got.Value != strings.Repeat(got.Value[:1], 300) || got.Expiry.Sub(expiry(i)).Abs() > time.Second {
		return errors.New("the store's Load while others save gives parts of two tokens")
	}
	return nil
}

func checkTwoCaches(ctx context.Context, s *suite) error {
	var fetches atomic.Int32
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: fmt.Sprintf("TOKEN_%d", fetches.Add(1)), Expiry: time.Now().Add(2 * time.Hour)}, nil
	})
	var caches [2]*token.Cache
	for i := range caches {
		var err error
		if caches[i], err = token.NewCache(src, token.WithStore(s.open(), s.key("caches"))); err != nil {
			return err
		}
	}
	for want := int32(1); want <= 2; want++ {
		for _, c := range caches {
			value, err := c.Get(ctx)
			if err != nil {
				return err
			}
			if value != fmt.Sprintf("TOKEN_%d", want) || fetches.Load() != want {
				return errors.New("two Caches on two Stores of one backend have different tokens")
			}
		}
		for _, c := range caches {
			if err := c.Invalidate(ctx, fmt.Sprintf("TOKEN_%d", want)); err != nil {
				return err
			}
		}
	}
	return nil
}
