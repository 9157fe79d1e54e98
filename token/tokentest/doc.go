// Package tokentest tells the author of a [token.Store] whether it keeps its promises, as
// testing/fstest does for file systems. [Run] is the one call to know:
//
//	func TestStore(t *testing.T) {
//		tokentest.Run(t, func(t *testing.T) token.Store { return mystore.New(addr) })
//	}
//
// It finds a Store that returns expired tokens, makes a miss of an outage, mixes up keys,
// moves the expiry, cuts long keys short, gives parts of two tokens, or cannot be shared by two processes. Run it
// with -race to find one that is not safe for concurrent use.
//
// # Errors
//
// What is wrong is reported through t. The subtests of one Run run one after the other; Runs
// may run at the same time, since their keys differ.
package tokentest
