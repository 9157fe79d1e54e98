package token_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

func TestMemoryStoreForgetsWhatHasExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var st token.MemoryStore
		for i := range 100 {
			require.NoError(t, st.Save(t.Context(), fmt.Sprint(i), token.Token{Value: "v", Expiry: time.Now().Add(time.Minute)}))
		}
		got, err := st.Load(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, "v", got.Value)
		time.Sleep(time.Minute)
		got, err = st.Load(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, token.Token{}, got, "at the very moment of its expiry")
		require.NoError(t, st.Save(t.Context(), "new", token.Token{Value: "v", Expiry: time.Now().Add(time.Minute)}))
		assert.Equal(t, 1, strings.Count(fmt.Sprintf("%v", &st), "0x"), "one entry is left")
	})
}

func TestMemoryStoreHeedsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	st := token.NewMemoryStore()
	_, err := st.Load(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, st.Save(ctx, "k", token.Token{}), context.Canceled)
}
