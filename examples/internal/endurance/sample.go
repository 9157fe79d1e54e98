package endurance

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// A Sample is the state of this process at one moment.
type Sample struct {
	At time.Duration // since the beginning

	Goroutines  int64
	Heap        int64 // bytes that the last garbage collection found in use
	Sockets     int64 // -1 where the system does not tell
	Descriptors int64 // file descriptors, sockets among them; -1 where the system does not tell

	Done Done
}

// Done counts what was done since the beginning.
type Done struct {
	Templates, Customs, Uploads int64 // calls that succeeded
	Pushes                      int64 // messages whose handler has run
	Late                        int64 // of those, how many were answered by a customer-service message
	Failures                    int64 // calls that failed, and pushes that went wrong
}

// take takes a sample of this process.
func take(at time.Duration, done Done) Sample {
	read := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(read)
	s := Sample{At: at, Goroutines: int64(read[0].Value.Uint64()), Heap: int64(read[1].Value.Uint64()), Done: done}
	s.Sockets, s.Descriptors = descriptors("/proc/self/fd")
	return s
}

// descriptors counts the links of a folder of /proc.
func descriptors(folder string) (sockets, all int64) {
	links, err := os.ReadDir(folder)
	if err != nil {
		return -1, -1
	}
	for _, link := range links {
		to, err := os.Readlink(filepath.Join(folder, link.Name()))
		if err != nil {
			continue // the folder's own, which is closed by now
		}
		all++
		if strings.HasPrefix(to, "socket:") {
			sockets++
		}
	}
	return sockets, all
}

// columns are those of the CSV.
var columns = []string{
	"seconds", "goroutines", "heap_bytes", "sockets", "descriptors",
	"templates", "customs", "uploads", "pushes", "late", "failures",
}

// WriteCSV writes samples with a line of titles.
func WriteCSV(w io.Writer, samples []Sample) error {
	out := csv.NewWriter(w)
	_ = out.Write(columns) // an error stays, and Flush meets it
	for _, s := range samples {
		line := []string{strconv.FormatFloat(s.At.Seconds(), 'f', 1, 64)}
		for _, n := range [...]int64{
			s.Goroutines, s.Heap, s.Sockets, s.Descriptors,
			s.Done.Templates, s.Done.Customs, s.Done.Uploads, s.Done.Pushes, s.Done.Late, s.Done.Failures,
		} {
			line = append(line, strconv.FormatInt(n, 10))
		}
		_ = out.Write(line)
	}
	out.Flush()
	return out.Error()
}
