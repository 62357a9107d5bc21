package hostile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// module is a line of go.mod's requirements.
type module struct {
	path, version string
	direct        bool
}

func requirements(t *testing.T, file string) []module {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^(?:require )?\t?(\S+\.\S+/\S+) (v\S+)( // indirect)?$`)
	var all []module
	for l := range strings.Lines(string(text)) {
		if m := line.FindStringSubmatch(strings.TrimRight(l, "\n")); m != nil {
			all = append(all, module{m[1], m[2], m[3] == ""})
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s requires nothing", file)
	}
	return all
}

// TestDependenciesPage: every module of go.mod has its line in docs/dependencies.md, and no other one has.
func TestDependenciesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct, indirect, found := strings.Cut(string(page), "\n## Indirect\n")
	if !found {
		t.Fatal("docs/dependencies.md has no heading Indirect")
	}
	required := map[bool][]string{}
	for _, m := range requirements(t, "../../go.mod") {
		required[m.direct] = append(required[m.direct], m.path)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	for what, in := range map[string]struct{ text, hint string }{
		"direct":   {direct, "| `path` | for what | kept by | why not our own, why not another | licence |"},
		"indirect": {indirect, "| `path` | through | licence |"},
	} {
		var listed []string
		for _, m := range row.FindAllStringSubmatch(in.text, -1) {
			listed = append(listed, m[1])
		}
		for _, path := range required[what == "direct"] {
			if !slices.Contains(listed, path) {
				t.Errorf("docs/dependencies.md does not list the %s module %s: add %s", what, path, in.hint)
			}
		}
		for _, path := range listed {
			if !slices.Contains(required[what == "direct"], path) {
				t.Errorf("docs/dependencies.md lists %s as %s, and go.mod does not", path, what)
			}
		}
	}
	cell := regexp.MustCompile(`\|\s*\|`)
	for l := range strings.Lines(string(page)) {
		if strings.HasPrefix(l, "| `") && cell.MatchString(l) {
			t.Errorf("a cell is empty: %s", l)
		}
	}
}

// TestSQLiteIsHeld: what the checkpoint promises was measured with this very SQLite. Before 3.51.3 a write
// and a checkpoint at the same instant could damage the database, which no list of known faults of Go
// modules tells; v1.61.1 of the driver does not tidy. And the C library beneath must be exactly the one
// that the driver was translated with.
func TestSQLiteIsHeld(t *testing.T) {
	held := map[string]string{}
	for _, m := range requirements(t, "../../go.mod") {
		held[m.path] = m.version
	}
	const want = "v1.60.0"
	if got := held["modernc.org/sqlite"]; got != want {
		t.Errorf("modernc.org/sqlite is %s, not %s: carry out ZLOCK_TIER=soak go test ./proof first, and say so here", got, want)
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	driver := filepath.Join(strings.TrimSpace(string(cache)), "modernc.org", "sqlite@"+held["modernc.org/sqlite"], "go.mod")
	for _, m := range requirements(t, driver) {
		if m.path == "modernc.org/libc" && m.version != held[m.path] {
			t.Errorf("modernc.org/libc is %s, and SQLite was translated with %s", held[m.path], m.version)
		}
	}
}

// TestCertificatesAreAlwaysChecked looks for the one switch that would turn that off.
func TestCertificatesAreAlwaysChecked(t *testing.T) {
	for _, file := range sources(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "InsecureSkip"+"Verify") {
			t.Errorf("%s turns the checking of certificates off", file)
		}
	}
}

// sources are the program's own files.
func sources(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.go", "*/*.go", "*/*/*.go"} {
		files, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	all = slices.DeleteFunc(all, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	if len(all) < 50 {
		t.Fatalf("only %d files of the program were found", len(all))
	}
	return all
}

// TestCIKnowsNoSecrets: what decides about a change needs nothing that must be kept from those who
// propose it.
func TestCIKnowsNoSecrets(t *testing.T) {
	files, err := filepath.Glob("../../.ci/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	secret := regexp.MustCompile(`(?i)(secret|token|passw|credential|api[_-]?key)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(string(text)) {
			if !strings.HasPrefix(strings.TrimSpace(l), "#") && secret.MatchString(l) {
				t.Errorf("%s: %s", file, l)
			}
		}
		if info, err := os.Stat(file); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm()&0o100 == 0) {
			t.Errorf("%s cannot be carried out (%v)", file, err)
		}
	}
}
