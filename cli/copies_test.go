package cli_test

import (
	"os"
	"path/filepath"
	"testing"
)

// A checkpoint that was copied is another one: what either has spent since, the other knows of.
func TestCreditsOfCopiedCheckpoints(t *testing.T) {
	s := newStage(t).withZoho(nil)
	hundred := []string{"--credits-per-day", "100", "--reserve", "0", "--concurrency", "4"}
	with := func(args ...string) []string { return append(args, hundred...) }
	s.want(s.run(with("run", s.locks("a.csv", 0, 30), "--db", "a.db")...), 0)
	text, err := os.ReadFile(filepath.Join(s.dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	s.file("b.db", string(text))
	s.want(s.run(with("run", s.locks("b.csv", 30, 50), "--db", "b.db")...), 0)
	s.want(s.run(with("run", s.locks("c.csv", 50, 140), "--db", "a.db")...), 6, "credits for 24 hours are spent")
	if calls := s.org.Stats().Calls; calls > 100 {
		t.Errorf("%d calls with 100 credits", calls)
	}
}
