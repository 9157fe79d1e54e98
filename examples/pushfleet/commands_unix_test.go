//go:build unix

package main

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/operator/commandtest"
)

// printedCommand is a way to have the program print a command.
type printedCommand struct {
	broken bool // there is no Redis until the command is run
	args   []string
	status int
	text   string // what the command stands behind
	says   string // what it prints
}

// printedCommands has each place that prints a command, as [commandtest.Callers] calls it.
func printedCommands() map[string]printedCommand {
	const odd = "春 天's -{photo,x} $HOME"
	loads := []string{"-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign=" + odd}
	refused := append([]string{"enqueue"}, loads...)
	loads = append(loads, "-yes", "-times-shifted")
	return map[string]printedCommand{
		"approved":      {args: refused, status: exitUsage, text: "add -yes: ", says: "1 put into the queue"},
		"enqueueOnce":   {broken: true, args: append([]string{"enqueue"}, loads...), status: exitStopped, text: "To continue: ", says: "1 put into the queue"},
		"enqueueOnce#2": {args: append(loads, "enqueue"), status: exitOK, text: "How far it is: ", says: odd + ": 3 recipients"},
	}
}

// TestPrintedCommandsRun: each command that the program prints is run by a shell. Whoever prints
// one in another place adds it here.
func TestPrintedCommandsRun(t *testing.T) {
	t.Parallel()
	covered := printedCommands()
	assert.Equal(t, commandtest.Callers(t, "."), slices.Sorted(maps.Keys(covered)), "each place that prints a command has a run here")
	for name, c := range covered {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			binary, env := commandtest.Binary(t, "pushfleet"), append(os.Environ(), asProgram+"=1")
			for name, value := range w.env {
				env = append(env, name+"="+value)
			}
			if c.broken {
				w.redis.Stop()
			}
			cmd := exec.CommandContext(t.Context(), binary, c.args...)
			cmd.Env = env
			out, _ := cmd.CombinedOutput()
			require.Equal(t, c.status, cmd.ProcessState.ExitCode(), string(out))
			if c.broken {
				w.redis.Restart()
			}
			status, printed := commandtest.Run(t, env, commandtest.Find(t, string(out), c.text))
			assert.Equal(t, exitOK, status, printed)
			assert.Contains(t, printed, c.says)
		})
	}
}
