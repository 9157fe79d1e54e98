//go:build race

package callback

// raceDetector reports whether the tests run under the race detector.
const raceDetector = true
