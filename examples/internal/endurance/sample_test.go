package endurance

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTakeSeesWhatIsThere is not parallel: it looks at the process, in which something of the test
// before may still come to its end.
func TestTakeSeesWhatIsThere(t *testing.T) {
	runtime.GC()
	runtime.GC() // pools are emptied by two
	before := take(time.Second, Done{Templates: 3})
	assert.Equal(t, time.Second, before.At)
	assert.EqualValues(t, 3, before.Done.Templates)
	const goroutines, kept, sockets = 30, 64 << 20, 30
	stop := make(chan struct{})
	defer close(stop)
	for range goroutines {
		go func() { <-stop }()
	}
	heap := make([]byte, kept)
	for range sockets {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	runtime.GC()
	after := take(time.Second, Done{})
	assert.InDelta(t, goroutines, after.Goroutines-before.Goroutines, goroutines/3)
	assert.InDelta(t, kept, after.Heap-before.Heap, kept/8)
	if before.Descriptors < 0 {
		return // no /proc here
	}
	assert.InDelta(t, sockets, after.Sockets-before.Sockets, sockets/3)
	assert.InDelta(t, sockets+1, after.Descriptors-before.Descriptors, sockets/3)
	runtime.KeepAlive(heap)
}

func TestNoProc(t *testing.T) {
	t.Parallel()
	sockets, all := descriptors(filepath.Join(t.TempDir(), "none"))
	assert.EqualValues(t, []int64{-1, -1}, []int64{sockets, all})
}

func TestWriteCSV(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, WriteCSV(&b, []Sample{
		{At: 1500 * time.Millisecond, Goroutines: 1, Heap: 2, Sockets: 3, Descriptors: 4, Done: Done{5, 6, 7, 8, 9, 10}},
		{At: time.Hour, Sockets: -1},
	}))
	assert.Equal(t, "seconds,goroutines,heap_bytes,sockets,descriptors,templates,customs,uploads,pushes,late,failures\n"+
		"1.5,1,2,3,4,5,6,7,8,9,10\n3600.0,0,0,-1,0,0,0,0,0,0,0\n", b.String())
	assert.ErrorIs(t, WriteCSV(full{}, []Sample{{}}), errFull)
}

var errFull = errors.New("the disk is full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
