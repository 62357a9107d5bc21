package zoho_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testFiles are the project's test files, and which of them has which test.
type testFiles struct {
	text  map[string]string   // by file
	tests map[string][]string // the files of the packages that have the test
}

func readTestFiles(t *testing.T) testFiles {
	t.Helper()
	all := testFiles{map[string]string{}, map[string][]string{}}
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		all.text[file] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for file, text := range all.text {
		for _, m := range declared.FindAllStringSubmatch(text, -1) {
			all.tests[m[1]] = append(all.tests[m[1]], filepath.Dir(file))
		}
	}
	return all
}

// has reports whether the test is there, and has the case where one is named.
func (f testFiles) has(test, name string) bool {
	if name == "" {
		return len(f.tests[test]) > 0
	}
	for file, text := range f.text {
		if slices.Contains(f.tests[test], filepath.Dir(file)) && strings.Contains(text, `"`+name+`"`) {
			return true
		}
	}
	return false
}

var (
	testName   = regexp.MustCompile(`\bTest[A-Z]\w*`)
	exampleRef = regexp.MustCompile("`(answers|requests)/(\\w+)`")
	quotedWord = regexp.MustCompile("`([^`]+)`")
)

// covers are the tests that a cell names, each with its case: what stands between its / and the next test.
func covers(cell string) [][2]string {
	cell = exampleRef.ReplaceAllString(cell, "\x00")
	var all [][2]string
	for _, at := range testName.FindAllStringIndex(cell, -1) {
		name, rest := cell[at[0]:at[1]], cell[at[1]:]
		rest, _, _ = strings.Cut(rest, "\x00")
		if next := testName.FindStringIndex(rest); next != nil {
			rest = rest[:next[0]]
		}
		if !strings.HasPrefix(rest, "/") {
			rest = ""
		}
		all = append(all, [2]string{name, strings.TrimSpace(strings.TrimPrefix(rest, "/"))})
	}
	return all
}

// TestZohoPage keeps docs/zoho.md true: every row names a test or an example, all of these are there, every
// example has a row, and so has every key and code that the examples hold.
func TestZohoPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "zoho.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := readTestFiles(t)
	named, rows := map[string]bool{}, 0
	table, _, _ := strings.Cut(string(text), "\n## Against a sandbox")
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 2 || strings.HasPrefix(line, "|---") || strings.Contains(line, "| covered by |") {
			continue
		}
		rows++
		last := cells[len(cells)-1]
		tests, examples := covers(last), exampleRef.FindAllStringSubmatch(last, -1)
		if len(tests)+len(examples) == 0 {
			t.Errorf("nothing covers the row %s", line)
		}
		for _, c := range tests {
			if !files.has(c[0], c[1]) {
				t.Errorf("there is no test %s with a case %q, in the row %s", c[0], c[1], line)
			}
		}
		for _, e := range examples {
			named[e[1]+"/"+e[2]] = true
		}
		for _, q := range quotedWord.FindAllStringSubmatch(line, -1) {
			named[q[1]] = true
		}
	}
	for _, name := range testName.FindAllString(string(text), -1) {
		if name != "TestX" && !files.has(name, "") {
			t.Errorf("there is no test %s", name)
		}
	}
	for _, word := range exampleWords(t) {
		if !named[word] {
			t.Errorf("%s is in the examples and has no row", word)
		}
	}
	if rows < 100 {
		t.Errorf("%d rows: the page was not read", rows)
	}
}

// exampleWords are the names of all examples, and the keys and codes that they hold.
func exampleWords(t *testing.T) []string {
	t.Helper()
	words := map[string]bool{}
	for _, kind := range []string{"answers", "requests"} {
		list, err := filepath.Glob(filepath.Join("testdata", kind, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range list {
			words[kind+"/"+strings.TrimSuffix(filepath.Base(file), ".json")] = true
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var e struct {
				Body     any
				Response struct{ Body any }
			}
			if err := json.Unmarshal(text, &e); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			collectWords(words, e.Body)
			collectWords(words, e.Response.Body)
		}
	}
	return slices.Sorted(maps.Keys(words))
}

func collectWords(words map[string]bool, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, one := range v {
			words[key] = true
			if code, ok := one.(string); ok && (key == "code" || key == "error") {
				words[code] = true
			}
			collectWords(words, one)
		}
	case []any:
		for _, one := range v {
			collectWords(words, one)
		}
	}
}
