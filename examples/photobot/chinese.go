package main

func chinese() map[string]string { return map[string]string{} }
