// Package claimtest tests implementations of [callback.Claimer], as testing/fstest tests file
// systems. Call [Run] in a test:
//
//	func TestClaimer(t *testing.T) {
//		claimtest.Run(t, func(t *testing.T) callback.Claimer { return myclaims.New(addr) })
//	}
//
// Run finds a Claimer that
//
//   - lets two processes handle the same message,
//   - treats two messages as one,
//   - ends a claim too early, or never,
//   - returns false without an error when its backend cannot be reached, so that the message is
//     lost,
//   - ignores its context.
//
// Run the test with -race to find a Claimer that is not safe for concurrent use.
//
// # Errors
//
// Run reports faults through t. The subtests of one Run do not run in parallel. Several Runs may
// run at the same time, because each Run uses its own keys.
package claimtest
