package checkpoint_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zlock/checkpoint"
)

func total(t *testing.T, p checkpoint.Purse, name string, now time.Time) (credits int) {
	t.Helper()
	all, err := p.Others(name, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		credits += s.Credits
	}
	return credits
}

func TestPurse(t *testing.T) {
	now := time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC)
	p := checkpoint.NewPurse(filepath.Join(t.TempDir(), "credits"))
	if got := total(t, p, "a", now); got != 0 {
		t.Fatalf("an empty purse holds %d", got)
	}
	publish := func(name string, credits int, at time.Time) {
		t.Helper()
		if err := p.Publish(name, []checkpoint.Spend{{At: at, Credits: credits}}, now); err != nil {
			t.Fatal(err)
		}
	}
	publish("a", 10, now.Add(-time.Hour))
	publish("b", 200, now.Add(-23*time.Hour))
	publish("b", 300, now.Add(-23*time.Hour)) // replaces
	publish("c", 5000, now.Add(-25*time.Hour))
	publish("d", 70000, now.Add(time.Hour)) // its clock was ahead
	if err := p.Add(t.Context(), 1, now); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(t.Context(), 2, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"a": 70303, "b": 70013, "": 70313, "nobody": 70313} {
		if got := total(t, p, name, now); got != want {
			t.Errorf("beside %q %d were spent, want %d", name, got, want)
		}
	}
	if got := total(t, p, "", now.Add(24*time.Hour+30*time.Minute)); got != 70000 {
		t.Errorf("a day later %d, want what was booked ahead", got)
	}
}

// What was booked ahead and not spent is given back, and no more than there is.
func TestPurseGivesBack(t *testing.T) {
	now := time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC)
	p := checkpoint.NewPurse(t.TempDir())
	for i, step := range []struct{ add, want int }{{50, 50}, {-20, 30}, {50, 80}, {-60, 20}, {0, 20}, {-99, 0}, {7, 7}} {
		if err := p.Add(t.Context(), step.add, now.Add(time.Duration(i)*4*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got := total(t, p, "", now.Add(time.Hour)); got != step.want {
			t.Errorf("after step %d: %d credits, want %d", i+1, got, step.want)
		}
	}
	if runs, err := p.OfRuns(now); err != nil || len(runs) != 0 {
		t.Errorf("of runs: %v, %v", runs, err)
	}
}

// Calls of no run are booked by many processes at once.
func TestPurseLosesNothing(t *testing.T) {
	now := time.Now()
	p := checkpoint.NewPurse(t.TempDir())
	var crew sync.WaitGroup
	for range 8 {
		crew.Go(func() {
			for range 10 {
				if err := p.Add(t.Context(), 3, now); err != nil {
					t.Error(err)
				}
			}
		})
	}
	crew.Wait()
	if got := total(t, p, "", now); got != 240 {
		t.Errorf("%d credits, want 240", got)
	}
}

func TestPurseIsNotReadHalf(t *testing.T) {
	dir := t.TempDir()
	p := checkpoint.NewPurse(dir)
	if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte(`{"spent":[{"at`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Others("", time.Now()); err == nil || !strings.Contains(err.Error(), "x.json") {
		t.Errorf("half a file is taken: %v", err)
	}
}

func TestName(t *testing.T) {
	d := fresh(t)
	name, err := d.Name(t.Context())
	if err != nil || len(name) < 12 {
		t.Fatalf("name %q, %v", name, err)
	}
	if again, err := d.Name(t.Context()); err != nil || again != name {
		t.Errorf("then %q, %v", again, err)
	}
}

// A copy of a checkpoint has a name of its own; one that was moved keeps its name.
func TestNameOfACopy(t *testing.T) {
	dir := t.TempDir()
	name := func(file string) string {
		t.Helper()
		d, err := checkpoint.Open(t.Context(), filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		name, err := d.Name(t.Context())
		if err != nil || name == "" {
			t.Fatalf("name %q, %v", name, err)
		}
		return name
	}
	first := name("a.db")
	text, err := os.ReadFile(filepath.Join(dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.db"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	readOnly, err := checkpoint.OpenReadOnly(t.Context(), filepath.Join(dir, "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readOnly.Name(t.Context()); err != nil || got == first {
		t.Errorf("a copy that is only read is called %q, %v", got, err)
	}
	_ = readOnly.Close()
	second := name("b.db")
	if second == first || name("b.db") != second || name("a.db") != first {
		t.Errorf("the copy is called %q, then %q; the first %q, then %q", second, name("b.db"), first, name("a.db"))
	}
	if err := os.Rename(filepath.Join(dir, "a.db"), filepath.Join(dir, "c.db")); err != nil {
		t.Fatal(err)
	}
	if got := name("c.db"); got != first {
		t.Errorf("moved, it is called %q, before %q", got, first)
	}
}
