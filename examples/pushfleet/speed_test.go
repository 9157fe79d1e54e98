package main

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// speed measures a fleet in place of a test: go test -run TestSpeed -speed.recipients 20000
var speed = flag.Int("speed.recipients", 0, "recipients of TestSpeed, which prints messages a second of one, two and three workers")

func TestSpeed(t *testing.T) {
	if *speed == 0 {
		t.Skip("-speed.recipients is not given")
	}
	for workers := 1; workers <= 3; workers++ {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			w := newWorld(t, *speed)
			begun := time.Now()
			w.enqueue()
			loaded := time.Since(begun)
			for range workers {
				w.start(nil, "work", "-rate", "10000", "-workers", "32")
			}
			for w.wechat.AcceptedCount() < int64(*speed)/20 { // until all have begun
				<-time.After(time.Millisecond)
			}
			begun, first := time.Now(), w.wechat.AcceptedCount()
			for w.wechat.AcceptedCount() < int64(*speed)*19/20 {
				<-time.After(time.Millisecond)
				require.Less(t, time.Since(begun), 10*time.Minute)
			}
			rate := float64(w.wechat.AcceptedCount()-first) / time.Since(begun).Seconds()
			fmt.Fprintf(os.Stderr, "%d workers: %.0f messages a second; %d enqueued in %v (%.0f a second)\n",
				workers, rate, *speed, loaded.Round(time.Millisecond), float64(*speed)/loaded.Seconds())
		})
	}
}
