package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zlock/cli"
)

var (
	goesOn   = regexp.MustCompile(`\\\n\s*`)
	fenced   = regexp.MustCompile("(?ms)^```[^\n]*\n(.*?)^```$")
	indented = regexp.MustCompile(`(?m)^(?: {4}|\t)\S.*$`)
	spans    = regexp.MustCompile("`(zlock [a-z][^`]*)`")
	// A line is a command with an optional prompt, schedule, variables or . FILE; before it; lines of help are not.
	typed  = regexp.MustCompile(`^\s*(?:\$ )?(?:[0-9*]+ [0-9*]+ [0-9*]+ [0-9*]+ [0-9*]+ +)?(?:\. \S+; )?(?:[A-Z_]+=\S+ )*(zlock|go run \.) ([a-z].*)$`)
	behind = regexp.MustCompile(`\s{3,}.*$|\s+#.*$|\s*&& .*$`) // what explains a command, or follows it
	redirs = regexp.MustCompile(`\s*[<>|;].*$`)
	quoted = regexp.MustCompile(`"[^"]*"|'[^']*'`)
)

// commandLines are the command lines of a page: those of its blocks, and those in its sentences that have
// a flag or stand for themselves.
func commandLines(page string) []string {
	page = goesOn.ReplaceAllString(page, " ")
	var lines []string
	for _, block := range fenced.FindAllStringSubmatch(page, -1) {
		lines = append(lines, strings.Split(block[1], "\n")...)
	}
	page = fenced.ReplaceAllString(page, "")
	lines = append(lines, indented.FindAllString(page, -1)...)
	for _, span := range spans.FindAllStringSubmatch(page, -1) {
		lines = append(lines, strings.Join(strings.Fields(span[1]), " "))
	}
	var found []string
	for _, line := range lines {
		if m := typed.FindStringSubmatch(line); m != nil {
			found = append(found, m[2])
		}
	}
	return found
}

// wordsOf parts a command line as a shell would that has nothing to expand, and leaves out what is not zlock's.
func wordsOf(line string) []string {
	var kept []string
	line = quoted.ReplaceAllStringFunc(line, func(s string) string {
		kept = append(kept, s[1:len(s)-1])
		return "\x00"
	})
	line = redirs.ReplaceAllString(behind.ReplaceAllString(line, ""), "")
	words := strings.Fields(line)
	for i := range words {
		for strings.Contains(words[i], "\x00") {
			words[i] = strings.Replace(words[i], "\x00", kept[0], 1)
			kept = kept[1:]
		}
	}
	return words
}

// parses holds a command line to what zlock takes: the command and every flag must be there. Nothing is carried out.
func parses(t *testing.T, words []string) string {
	t.Helper()
	var said, help bytes.Buffer
	w := cli.World{Out: &help, Err: &said, Environ: []string{"HOME=" + t.TempDir()}, Dir: t.TempDir()}
	if code := cli.Main(context.Background(), append(slices.Clone(words), "--help"), w); code != 0 {
		return said.String()
	}
	for n, group := range []string{"zlock", "zlock " + words[0]} { // the help of all commands answers for one there is not
		if strings.Contains(help.String(), "\n  "+group+" COMMAND [flags]\n") && len(words) > n && !strings.HasPrefix(words[n], "-") {
			return "no such command"
		}
	}
	return ""
}

func TestCommandLinesOfThePages(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../README.md", "../samples/README.md", "../deploy/README.md")
	least := map[string]int{"README.md": 30, "operating.md": 30}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		lines := commandLines(string(text))
		if want := least[filepath.Base(page)]; filepath.Dir(page) != "../samples" && filepath.Dir(page) != "../deploy" && len(lines) < want {
			t.Errorf("%s: %d command lines found, want %d: they are not seen any more", page, len(lines), want)
		}
		for _, line := range lines {
			t.Run(filepath.Base(page)+" "+line, func(t *testing.T) {
				if said := parses(t, wordsOf(line)); said != "" {
					t.Errorf("zlock %s: %s", line, said)
				}
			})
		}
	}
}

// A judge that lets everything pass would judge nothing.
func TestCommandLinesAreJudged(t *testing.T) {
	page := "Say `zlock sweep Deals --bedfore 30d`.\n\n    zlock runn a.csv       starts it\n\n" +
		"    zlock config updte Deals\n\n```console\n$ A=1 zlock run a.csv --reason \"a | b\" \\\n    --yess | tee log\nzlock: no command\n```\n"
	lines := commandLines(page)
	if len(lines) != 4 {
		t.Fatalf("command lines %q", lines)
	}
	for _, line := range lines {
		if parses(t, wordsOf(line)) == "" {
			t.Errorf("zlock %s is let through", line)
		}
	}
	for _, line := range []string{`run a.csv --reason "a | b" --yes | tee log`, "sweep Deals --locked-before 30d     for the night", "results > out.csv"} {
		if said := parses(t, wordsOf(line)); said != "" {
			t.Errorf("zlock %s: %s", line, said)
		}
	}
}
