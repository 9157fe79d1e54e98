package wechattest

import "fmt"

// ValidValue is the server's own check of a value, for the test that holds
// package template's against it.
func ValidValue(keyword, value string) bool { return validValue(keywordRule(keyword), value) }

// UsePermanentCodes makes n permanent codes, which takes a while by n calls.
func (a *Account) UsePermanentCodes(n int) {
	a.codes.mu.Lock()
	defer a.codes.mu.Unlock()
	for i := range n {
		a.codes.permanent[fmt.Sprint("used ", i)] = ""
	}
}
