package cli_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// house says what each room may import of ours, and what else it may lean on outside the
// standard library.
var house = map[string]struct{ ours, outside []string }{
	"":               {ours: []string{"cli"}},
	"internal/crash": {}, // crash points, compiled in for tests alone
	"internal/plain": {}, // how texts and figures are written for people
	"zoho":           {outside: []string{"golang.org/x/time/rate"}},
	"zoho/sim":       {},
	"batch":          {ours: []string{"zoho", "internal/crash"}, outside: []string{"github.com/gocarina/gocsv", "golang.org/x/sync/errgroup", "golang.org/x/text/"}},
	"checkpoint":     {ours: []string{"batch", "internal/crash"}, outside: []string{"modernc.org/sqlite", "golang.org/x/sys/"}},
	"audit":          {ours: []string{"batch", "checkpoint", "zoho"}},
	"report":         {ours: []string{"batch", "checkpoint", "internal/plain"}, outside: []string{"gonum.org/v1/plot"}},
	"cli": {ours: []string{"audit", "batch", "checkpoint", "report", "zoho", "zoho/sim", "internal/crash", "internal/plain"}, outside: []string{
		"github.com/spf13/", "github.com/schollz/progressbar/v3", "go.yaml.in/yaml/v3", "golang.org/x/term", "golang.org/x/sync/errgroup", "github.com/zalando/go-keyring"}},
	"batch/storetest": {ours: []string{"batch", "zoho"}},
	"internal/bench":  {ours: []string{"zoho/sim"}, outside: []string{"golang.org/x/sync/errgroup"}}, // measures the built program
	"proof":           {ours: []string{"batch", "checkpoint", "zoho", "zoho/sim"}},                   // the judge: nobody imports it
	"proof/hostile":   {},                                                                            // tests alone
}

// bans are packages that only some rooms may use: nobody below cli prints, reads flags or ends
// the process; only cli starts one, for --notify. The benchmark is a program of its own.
var bans = map[string][]string{
	"flag": {"internal/bench"}, "os/exec": {"cli", "internal/bench"}, "net/http/pprof": {}, "plugin": {}, "unsafe": {},
	"os/signal": {"", "internal/bench"}, "encoding/gob": {}, "html/template": {"report"},
}

func TestImportFence(t *testing.T) {
	root := ".."
	rooms := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && file != root || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		room := strings.TrimPrefix(path.Dir(filepath.ToSlash(relative)), ".")
		rooms[room] = true
		checkImports(t, room, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []string{"", "zoho", "zoho/sim", "batch", "checkpoint", "audit", "cli"} {
		if !rooms[room] {
			t.Errorf("there is no code in %q: the fence guards nothing there", room)
		}
	}
}

func checkImports(t *testing.T, room, file string) {
	t.Helper()
	rules, known := house[room]
	if !known {
		t.Errorf("%s stands in %q, which is no room of the house", file, room)
		return
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		ours, isOurs := strings.CutPrefix(name, "zlock/")
		outside := strings.Contains(strings.Split(name, "/")[0], ".")
		switch allowed, banned := bans[name]; {
		case isOurs && !slices.Contains(rules.ours, ours):
			t.Errorf("%s imports our %s, which the house does not allow", file, ours)
		case outside && !slices.ContainsFunc(rules.outside, func(prefix string) bool { return strings.HasPrefix(name, prefix) }):
			t.Errorf("%s imports %s, which the house does not allow", file, name)
		case banned && !slices.Contains(allowed, room):
			t.Errorf("%s imports %s, which the house does not allow", file, name)
		}
	}
}
