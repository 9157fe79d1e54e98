// Package operator is how the examples speak to whoever runs them, in English
// or Chinese: the language, what errors mean and what to do about them, and the
// command line where the flag package leaves off. [Choose], [Language.ParseFlags]
// and [Language.Describe] are the calls to know.
//
// The lines stand in the code in English; the other language is a catalogue
// keyed by them. This package has a catalogue of its own lines, [Chinese], and
// each program adds its own.
//
// Nothing here keeps state. A Language never changes and is safe for use by
// several goroutines.
//
// # Errors
//
// What is wrong with a command line is a [*UsageError] in the operator's language.
// [ParsePeriod] says it in English, for that to quote. Descriptions of errors never
// hold a password or a secret.
package operator
