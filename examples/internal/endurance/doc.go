// Package endurance runs a program of the SDK under mixed traffic at full speed and finds out
// whether it stays as it is: goroutines, heap, sockets and file descriptors. [Run] is the one call
// to know, [Flat] the judgement of what it has seen.
//
// There are two processes, so that nothing of the simulated WeChat is taken for the SDK's: the
// one that calls Run, with two accounts, their clients and callback servers, and the platform,
// which is the same program again in another role ([Platform]). Traffic is template messages
// (模板消息), customer-service messages (客服消息), uploads (素材), pushes in plain and safe mode
// (明文模式, 安全模式), some of which are answered too late for WeChat's patience, and tokens that
// live for seconds.
//
// The test of this package is how it is used, for half a minute, or for as long as
// WXHOME_ENDURANCE says:
//
//	WXHOME_ENDURANCE=30m WXHOME_ENDURANCE_CSV=endurance.csv go test ./examples/internal/endurance -run TestEndurance -timeout 40m -v
//
// # Errors
//
// Run returns what kept it from running. Calls that failed are counted in the samples, and the
// first of them is in the [Result].
package endurance
