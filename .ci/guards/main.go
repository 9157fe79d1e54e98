// Guards takes the guards of the code out, one at a time, and shows the test that fails without
// each. Nothing in the tree is changed: go test reads the changed file from elsewhere.
//
//	go run ./.ci/guards [-n] [FILE...]
//
// FILE is a list of guards; without one, all of .ci/guards are read. With -n it only looks whether
// each guard still is where its list says. The exit status is 1 if a guard can be taken out without
// a failing test, or is not found. A list has entries of this form:
//
//	what the guard is for
//	file callback/run.go
//	test ./callback -run 'TestHeld|TestLate'
//	<<<<
//	the code as it is, which must be there once; it may end within a line
//	====
//	the code without the guard
//	>>>>
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

type guard struct {
	list, name, file, test string
	with, without          string
}

func main() {
	look := flag.Bool("n", false, "only look whether each guard is found")
	only := flag.String("only", "", "only guards whose name has this text")
	flag.Parse()
	lists := flag.Args()
	if len(lists) == 0 {
		lists, _ = filepath.Glob(".ci/guards/*.txt")
	}
	all, bad := 0, 0
	for _, list := range lists {
		guards, err := read(list)
		if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		for _, g := range guards {
			if !strings.Contains(g.name, *only) {
				continue
			}
			all++
			if err := g.try(*look); err != nil {
				bad++
				fmt.Printf("NOT SEEN  %s: %s: %v\n", filepath.Base(g.list), g.name, err)
			}
		}
	}
	fmt.Printf("%d guards, %d of them not seen\n", all, bad)
	if bad > 0 || all == 0 {
		os.Exit(1)
	}
}

var entry = regexp.MustCompile(`(?ms)^([^\n]+)\nfile (\S+)\ntest ([^\n]+)\n<<<<\n(.*?)^====\n(.*?)^>>>>\n`)

func read(list string) (guards []guard, err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	rest := strings.TrimSpace(entry.ReplaceAllString(string(text), ""))
	if rest != "" {
		return nil, fmt.Errorf("%s: no entry: %.60q", list, rest)
	}
	for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
		guards = append(guards, guard{list, m[1], m[2], m[3], strings.TrimSuffix(m[4], "\n"), strings.TrimSuffix(m[5], "\n")})
	}
	return guards, nil
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^panic: (test timed out[^\n]*)|^(fatal error: [^\n]*|panic: [^\n]*)`)

// try takes the guard out and runs its tests. A failing one is what is wanted.
func (g guard) try(look bool) error {
	text, err := os.ReadFile(g.file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), g.with); n != 1 {
		return fmt.Errorf("its code is %d times in %s", n, g.file)
	}
	if look {
		return nil
	}
	dir, err := os.MkdirTemp("", "guards")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	file, err := filepath.Abs(g.file)
	if err != nil {
		return err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), g.with, g.without, 1)), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return err
	}
	out, err := exec.Command("sh", "-c", "go test -overlay "+overlay+" -count 1 -failfast -vet off -timeout 2m "+g.test).CombinedOutput()
	if err == nil {
		return fmt.Errorf("no test of %s fails without it", g.test)
	}
	m := failed.FindAllStringSubmatch(string(out), -1)
	if m == nil {
		return fmt.Errorf("it does not build: %.500s", out)
	}
	last := m[0]
	fmt.Printf("seen      %s: %s: %s\n", filepath.Base(g.list), g.name, strings.Join(last[1:], ""))
	return nil
}
