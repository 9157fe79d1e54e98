package main

import (
	"slices"
	"strings"

	"github.com/org/wxhome/examples/internal/operator"
)

// variables stand for flags that are missing. They keep passwords off the command line.
var variables = map[string]string{"db": "WXHOME_DB", "ledger": "WXHOME_LEDGER", "redis": "WXHOME_REDIS"}

// commandLine returns a command that runs as it is printed. Every command in this program's lines is
// made here; commands_test.go runs each of them.
func (p *program) commandLine(c operator.Change) string { return p.called.Command(c) }

// warnOfVariables tells when a printed command would mean another database: it takes an address with
// a password from the environment, where another one stands.
func (p *program) warnOfVariables() {
	for _, flag := range []string{"db", "ledger", "redis"} {
		value, there := map[string]string{"db": p.db, "ledger": p.ledger, "redis": p.redis}[flag], strings.TrimSpace(p.getenv(variables[flag]))
		if p.given[flag] && operator.HasPassword(value) && there != "" && there != value {
			p.warn("%s is set to something else than -%s: set it to the value of -%[2]s before you run a command that is printed here", variables[flag], flag)
		}
	}
}

// once are the flags that a command which goes on with a campaign does not repeat: what they ask
// for has been done, or would be done a second time.
var once = []string{"new", "campaign", "retry-failed", "resend-unknown", "unknown-received", "times-shifted", "student", "parent", "cron"}

// naming is the command line that was given, for one campaign by its name, with more at the end.
func naming(campaign string, more ...string) operator.Change {
	return operator.Change{Drop: once, Add: append(more, "-campaign", campaign)}
}

// asGiven is the command line that was given, for a campaign by its name: nothing of it has been
// done yet.
func asGiven(campaign string) operator.Change {
	return operator.Change{Drop: []string{"new", "campaign"}, Add: []string{"-campaign", campaign}}
}

// anew is the command line that was given, for another campaign.
func anew() operator.Change { return operator.Change{Drop: once, Add: []string{"-new"}} }

// without takes a flag off a command.
func without(flag string, c operator.Change) operator.Change {
	c.Drop = append(slices.Clone(c.Drop), flag)
	return c
}

// other is another command with those of the flags that it understands.
func other(command string) operator.Change {
	return operator.Change{Command: command, Only: commandFlags[command]}
}

// statusOf is the command that tells about a campaign, with more at the end.
func statusOf(campaign string, more ...string) operator.Change {
	c := other(cmdStatus)
	c.Drop, c.Add = []string{"campaign", "failures"}, append(more, "-campaign", campaign)
	return c
}

// listTemplates is the command that shows all templates of the account.
func listTemplates() operator.Change { return without("template", other(cmdTemplates)) }
