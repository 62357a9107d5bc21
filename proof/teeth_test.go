package proof_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zlock/proof"
)

// Each seeded bug is put in, by itself, and a test must fail. The files on disk are not touched: the
// compiler is shown edited copies.
func TestTeeth(t *testing.T) {
	t.Parallel()
	if os.Getenv(toothless) != "" {
		t.Skip("SKIP: this is a run with a seeded bug itself")
	}
	var teeth []proof.Tooth
	for _, tooth := range proof.Teeth() {
		if tooth.Sooner || tier(t) > Fast {
			teeth = append(teeth, tooth)
		}
	}
	var caught, left atomic.Int64
	inParallel(t, 2, len(teeth), func(t *testing.T, i int) {
		tooth := teeth[i]
		if _, missing := findStrace(); tooth.Traced && missing != "" {
			left.Add(1)
			t.Skipf("SKIP: tooth %s needs strace: %s", tooth.ID, missing)
		}
		by := bite(t, tooth)
		if by == "" {
			t.Errorf("%s: %s: no test of %s in %s fails", tooth.ID, tooth.What, tooth.Tests, tooth.Room)
			return
		}
		caught.Add(1)
		figure(t, "tooth "+tooth.ID, "caught by %s (%s)", by, tooth.What)
	})
	figure(t, "teeth", "%d of %d caught", caught.Load(), len(teeth)-int(left.Load()))
}

// toothless is set in the environment of tests that run with a seeded bug.
const toothless = "ZLOCK_TOOTH"

// failedPattern finds the name of a test that failed.
var failedPattern = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// bite runs a tooth's tests with its bug, and returns the name of the first that fails; "" for none.
func bite(t *testing.T, tooth proof.Tooth) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay(t, tooth), "-count=1", "-timeout=1m", "-run", "^("+tooth.Tests+")$", "./"+tooth.Room)
	cmd.Dir = ".."
	cmd.Env = append(cleanEnviron(), toothless+"="+tooth.ID)
	said, err := cmd.CombinedOutput()
	text := string(said)
	switch failed := failedPattern.FindStringSubmatch(text); {
	case strings.Contains(text, "[build failed]") || strings.Contains(text, "[setup failed]"):
		t.Fatalf("%s: the program with the bug does not build: the table is stale\n%s", tooth.ID, clip(text))
	case strings.Contains(text, "no tests to run"):
		t.Fatalf("%s: there is no test %s in %s: the table is stale", tooth.ID, tooth.Tests, tooth.Room)
	case err == nil:
		return ""
	case !strings.Contains(text, tooth.Says):
		t.Fatalf("%s: %s fails, and not because %q\n%s", tooth.ID, tooth.Tests, tooth.Says, clip(text))
	case failed != nil:
		return failed[1] + " of " + tooth.Room
	case strings.Contains(text, "panic: "):
		return "a panic in " + tooth.Tests + " of " + tooth.Room
	}
	t.Fatalf("%s: %v\n%s", tooth.ID, err, clip(text))
	return ""
}

func clip(s string) string { return s[:min(len(s), 2000)] }

// overlay writes the edited copies, and what go's -overlay flag wants to know of them.
func overlay(t *testing.T, tooth proof.Tooth) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, e := range tooth.Edits {
		text, edited := texts[e.File]
		if !edited {
			if text, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(e.File))); err != nil {
				t.Fatal(err)
			}
		}
		if n := bytes.Count(text, []byte(e.Old)); n != 1 {
			t.Fatalf("%s: what is to be edited occurs %d times in %s: the table is stale\n%s", tooth.ID, n, e.File, e.Old)
		}
		texts[e.File] = bytes.Replace(text, []byte(e.Old), []byte(e.New), 1)
	}
	dir, replace := t.TempDir(), map[string]string{}
	for file, text := range texts {
		copied := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(copied, text, 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = copied
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The table itself: every bug has a name of its own, and its edits fit the source as it stands.
func TestTeethFitTheSource(t *testing.T) {
	if os.Getenv(toothless) != "" {
		t.Skip("SKIP: this is a run with a seeded bug itself")
	}
	seen := map[string]bool{}
	for _, tooth := range proof.Teeth() {
		if seen[tooth.ID] || tooth.What == "" || len(tooth.Edits) == 0 {
			t.Errorf("%s: named twice, or empty", tooth.ID)
		}
		seen[tooth.ID] = true
		overlay(t, tooth)
	}
}
