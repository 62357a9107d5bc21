package sim_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// kept is a configuration whose state outlives the organisation.
func kept(t *testing.T, records ...sim.Record) sim.Config {
	t.Helper()
	cfg := holding(records...)
	cfg.Journal = filepath.Join(t.TempDir(), "sim.journal")
	return cfg
}

// during opens the organisation, does f and closes it.
func during(t *testing.T, cfg sim.Config, f func(*sim.Org)) {
	t.Helper()
	o, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f(o)
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// state is every lock with all that is known of it.
func state(o *sim.Org) string {
	var b strings.Builder
	for r := range o.Locks() {
		fmt.Fprintf(&b, "%s %s %+v\n", r.Module, r.ID, *r.Lock)
	}
	return b.String()
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestStateOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := kept(t, lead("1"), lead("2"), lockedLead("3"), lockedLead("4"), lockedLead("5"))
		var before, first string
		during(t, cfg, func(o *sim.Org) {
			time.Sleep(time.Hour)
			first = lockID(t, o, "1")
			lockID(t, o, "2")
			for _, id := range []string{"2", "3"} {
				l, _ := o.Lock("Leads", id)
				call(t, o, http.MethodDelete, one(id, l.ID), "")
			}
			l, _ := o.Lock("Leads", "4")
			call(t, o, http.MethodPut, one("4", l.ID), reason)
			before = state(o)
		})
		time.Sleep(time.Hour)
		during(t, cfg, func(o *sim.Org) {
			if after := state(o); after != before || strings.Count(after, "\n") != 3 {
				t.Errorf("state\n%swant\n%s", after, before)
			}
			if again := lockID(t, o, "2"); again <= first {
				t.Errorf("lock id %s after %s", again, first)
			}
		})
	})
}

func TestEveryChangeIsWrittenBeforeItsAnswer(t *testing.T) {
	cfg := kept(t, lead("1"))
	cfg.Script = []sim.Fault{{Match: sim.Match{Op: sim.OpLock}, Do: sim.DropAfter}}
	o := found(t, cfg)
	if r := call(t, o, http.MethodPost, list("1"), reason); !errors.Is(r.err, io.EOF) {
		t.Fatalf("%+v", r)
	}
	l, _ := o.Lock("Leads", "1")
	text := contents(t, cfg.Journal)
	if !bytes.Contains(text, []byte(l.ID)) || bytes.Count(text, []byte("\n")) != 2 {
		t.Errorf("journal\n%s", text)
	}
	call(t, o, http.MethodDelete, one("1", l.ID), "")
	if text := contents(t, cfg.Journal); !bytes.Contains(text, []byte(`"gone":true`)) || bytes.Count(text, []byte("\n")) != 3 {
		t.Errorf("journal\n%s", text)
	}
}

func TestAJournalIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such modes here")
	}
	cfg := kept(t)
	during(t, cfg, func(*sim.Org) {})
	info, err := os.Stat(cfg.Journal)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestATornEndIsDropped cuts the journal at every byte of its last line, and of its heading.
func TestATornEndIsDropped(t *testing.T) {
	cfg := kept(t, lead("1"), lead("2"))
	var early, late string
	during(t, cfg, func(o *sim.Org) { lockID(t, o, "1"); early = state(o); lockID(t, o, "2"); late = state(o) })
	whole := contents(t, cfg.Journal)
	heading := bytes.IndexByte(whole, '\n') + 1
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for cut := range len(whole) + 1 {
		if cut >= heading && cut < last {
			continue
		}
		if err := os.WriteFile(cfg.Journal, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := early
		switch {
		case cut < heading:
			want = ""
		case cut == len(whole):
			want = late
		}
		during(t, cfg, func(o *sim.Org) {
			if got := state(o); got != want {
				t.Errorf("cut at %d: state\n%swant\n%s", cut, got, want)
			}
			if _, err := o.Act(sim.Patricia(), sim.OpLock, lead("2")); (err == nil) != (want != late) {
				t.Errorf("cut at %d: %v", cut, err)
			}
		})
		during(t, cfg, func(o *sim.Org) {
			if _, locked := o.Lock("Leads", "2"); !locked {
				t.Errorf("cut at %d: what was written after the torn end is lost", cut)
			}
		})
	}
}

func TestJournalsThatAreRefused(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a text", "dear diary\nit rained\n", "not a journal of ours"},
		{"a text of one line", "dear diary", "not a journal of ours"},
		{"JSON", "{}\n", "not a journal of ours"},
		{"damage in the middle", "HEAD{\"lock\n{\"credit\":1}\n", "line 2"},
		{"no lock", "HEAD{\"credit\":1}\n{\"module\":\"Leads\",\"id\":\"1\",\"lock\":{\"id\":\"x\"}}\n", "line 3"},
		{"a strange source", "HEAD{\"module\":\"Leads\",\"id\":\"1\",\"lock\":{\"id\":\"7\",\"source\":\"Odd\"}}\n", "line 2"},
	}
	cfg := kept(t, lead("1"))
	during(t, cfg, func(*sim.Org) {})
	head := string(contents(t, cfg.Journal))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(tt.text, "HEAD", head, 1)
			if err := os.WriteFile(cfg.Journal, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := sim.New(cfg); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), cfg.Journal) {
				t.Errorf("error %v", err)
			}
			if got := string(contents(t, cfg.Journal)); got != text {
				t.Errorf("the file was changed to %q", got)
			}
		})
	}
	cfg.Journal = filepath.Join(t.TempDir(), "missing", "sim.journal")
	if _, err := sim.New(cfg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestCreditsOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := kept(t, lead("1"))
		cfg.Credits = 3
		get := func(o *sim.Org) int { return call(t, o, http.MethodGet, list("1")+allOf, "").status }
		during(t, cfg, func(o *sim.Org) {
			get(o)
			send(t, o.Transport(), http.MethodGet, "/crm/v8/org", "", "")
		})
		time.Sleep(23 * time.Hour)
		during(t, cfg, func(o *sim.Org) {
			if a, b := get(o), get(o); a != http.StatusNoContent || b != http.StatusTooManyRequests {
				t.Errorf("third call %d, fourth %d", a, b)
			}
		})
		time.Sleep(time.Hour)
		during(t, cfg, func(o *sim.Org) {
			if a, b, c := get(o), get(o), get(o); a != 204 || b != 204 || c != 429 {
				t.Errorf("a day later %d, %d, %d", a, b, c)
			}
		})
	})
}

func TestLateEffectsOutliveTheProcess(t *testing.T) {
	for _, away := range []time.Duration{time.Second, time.Hour} {
		t.Run(away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := kept(t, lead("1"))
				cfg.Script = []sim.Fault{{Match: sim.Match{Nth: 1}, Do: sim.LateEffect, For: time.Minute}}
				began := time.Now()
				during(t, cfg, func(o *sim.Org) { call(t, o, http.MethodPost, list("1"), reason) })
				time.Sleep(away)
				for range 2 {
					during(t, cfg, func(o *sim.Org) {
						time.Sleep(time.Until(began.Add(time.Minute)))
						synctest.Wait()
						l, locked := o.Lock("Leads", "1")
						if !locked || l.Reason != "closing of the quarter" {
							t.Errorf("lock %+v, %v", l, locked)
						}
					})
				}
				if n := bytes.Count(contents(t, cfg.Journal), []byte(`"landed"`)); n != 1 {
					t.Errorf("it landed %d times", n)
				}
			})
		})
	}
}

func TestAScriptGoesOnWhereItStopped(t *testing.T) {
	cfg := kept(t, lead("1"), lead("2"))
	cfg.Script = []sim.Fault{
		{Match: sim.Match{Op: sim.OpList, Nth: 3}, Do: sim.Status503},
		{Match: sim.Match{Op: sim.OpOrg, Nth: 2}, Do: sim.Status503},
		{Match: sim.Match{Op: sim.OpList, Nth: 8, Overall: true}, Do: sim.Status500Before},
	}
	told := ""
	for range 4 {
		during(t, cfg, func(o *sim.Org) {
			for _, path := range []string{list("1") + allOf, list("2") + allOf, "/crm/v8/org"} {
				told += fmt.Sprint(call(t, o, http.MethodGet, path, "").status, " ")
			}
		})
		told += "| "
	}
	if want := "204 204 200 | 204 204 503 | 503 503 200 | 204 500 200 | "; told != want {
		t.Errorf("story %q, want %q", told, want)
	}
}

func TestAMarkKeepsJournalsApart(t *testing.T) {
	cfg := holding(lead("1"))
	cfg.Journal, cfg.Mark = filepath.Join(t.TempDir(), "journal"), "ten leads"
	first := found(t, cfg)
	lock := lockID(t, first, "1")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"", "eleven leads"} {
		other := cfg
		other.Mark = mark
		if _, err := sim.New(other); !errors.Is(err, sim.ErrOtherOrg) {
			t.Errorf("mark %q: %v", mark, err)
		}
	}
	if l, locked := found(t, cfg).Lock("Leads", "1"); !locked || l.ID != lock {
		t.Errorf("lock %+v, %v", l, locked)
	}
}
