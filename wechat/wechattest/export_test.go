package wechattest

// ValidValue is the server's own check of a value, for the test that holds
// package template's against it.
func ValidValue(keyword, value string) bool { return validValue(keywordRule(keyword), value) }
