package main

import "github.com/org/wxhome/examples/internal/operator"

// source is the program's folder in the repository.
const source = "examples/pushfleet"

// variables stand for flags that are missing. They keep passwords off the command line.
var variables = map[string]string{"db": "WXHOME_DB", "ledger": "WXHOME_LEDGER", "redis": "WXHOME_REDIS"}

// commandLine returns a command that runs as it is printed. Every command in this program's lines
// is made here; commands_unix_test.go runs each of them.
func (p *program) commandLine(c operator.Change) string { return p.called.Command(c) }

// naming is the command line that was given, for one campaign by its name. What has been done, or
// would be done a second time, is left out.
func naming(campaign string) operator.Change {
	return operator.Change{Drop: append([]string{"campaign"}, decisions...), Add: []string{"-campaign", campaign}}
}

// asGiven is the command line that was given, for a campaign by its name: nothing of it has been done
// yet.
func asGiven(campaign string) operator.Change {
	return operator.Change{Drop: []string{"campaign"}, Add: []string{"-campaign", campaign}}
}

// statusOf is the command that tells about a campaign.
func statusOf(campaign string) operator.Change {
	return operator.Change{Command: cmdStatus, Only: everyCommand, Add: []string{"-campaign", campaign}}
}
