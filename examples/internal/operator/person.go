package operator

import (
	"os"
	"os/user"
)

// Person names who gives a command, as user@machine, for those who read it elsewhere.
func Person() string {
	name := "?"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
