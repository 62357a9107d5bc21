package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
)

// TestWatch looks at a run of fifty rows, a second each, from another terminal.
func TestWatch(t *testing.T) {
	for _, in := range []struct {
		name     string
		args     []string
		terminal bool
		judge    func(t *testing.T, looks []string)
	}{
		{name: "lines", judge: func(t *testing.T, looks []string) {
			for _, look := range looks[:len(looks)-1] {
				if !strings.Contains(look, "  running  ") || !strings.Contains(look, " of 50 rows; ") || strings.ContainsRune(look, '\x1b') {
					t.Errorf("a look: %q", look)
				}
			}
			if last := looks[len(looks)-1]; !strings.Contains(last, "  completed  50 of 50 rows; 50 locked; 50 credits") {
				t.Errorf("the last look: %q", last)
			}
		}},
		{name: "json", args: []string{"--json"}, judge: func(t *testing.T, looks []string) {
			before := int64(-1)
			for i, look := range looks {
				var d status
				if err := json.Unmarshal([]byte(look), &d); err != nil || d.Rows["locked"] < before || (d.State == "completed") != (i == len(looks)-1) {
					t.Errorf("look %d of %d: %v in %s", i, len(looks), err, look)
				}
				before = d.Rows["locked"]
			}
		}},
		{name: "terminal", terminal: true, judge: func(t *testing.T, lines []string) {
			screen := drawnOn(t, lines)
			if n := len(screen); n > 10 || !strings.HasSuffix(screen[0], "  completed") || !strings.Contains(strings.Join(screen, "\n"), "50  rows in all") {
				t.Errorf("%d lines stand there at the end: %q", n, screen)
			}
		}},
	} {
		t.Run(in.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(50, nil)
				run := s.start("run", s.manyLocks(50), "--rate", "1", "--concurrency", "1", "--no-progress")
				time.Sleep(3500 * time.Millisecond)
				real := s.world
				s.world = func(w *cli.World) { real(w); w.OutTerminal, w.Columns = in.terminal, func() int { return 40 } }
				o := s.want(s.run(append([]string{"status", "--watch"}, in.args...)...), 0)
				in.judge(t, strings.Split(strings.TrimSuffix(o.out, "\n"), "\n"))
				if looks := strings.Count(o.out, "50 rows"); in.name == "lines" && (looks < 20 || looks > 28) {
					t.Errorf("%d looks in 47 seconds, one every 2", looks)
				}
				s.want(run.wait(), 0, "50  locked")
				if n := s.org.Stats().Calls; n != 50 {
					t.Errorf("%d calls for 50 rows", n)
				}
			})
		})
	}
}

// drawnOn is what stands on a terminal of 40 columns at the end.
func drawnOn(t *testing.T, lines []string) []string {
	t.Helper()
	var screen []string
	for _, line := range lines {
		if up, rest, found := strings.Cut(line, "A\x1b[J"); found {
			n := 0
			for _, digit := range strings.TrimPrefix(up, "\x1b[") {
				n = n*10 + int(digit-'0')
			}
			if n > len(screen) {
				t.Fatalf("%d lines up, of %d", n, len(screen))
			}
			screen, line = screen[:len(screen)-n], rest
		}
		if strings.ContainsRune(line, '\x1b') || len([]rune(line)) >= 40 {
			t.Errorf("a line of %d columns: %q", len([]rune(line)), line)
		}
		screen = append(screen, line)
	}
	return screen
}

func TestWatchEndsWithASignal(t *testing.T) {
	for _, in := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		t.Run(in.signal.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(20, nil)
				run := s.start("run", s.manyLocks(20), "--rate", "1", "--concurrency", "1", "--no-progress")
				time.Sleep(2500 * time.Millisecond)
				s.signals = make(chan os.Signal, 1)
				watch := s.start("status", "--watch", "--interval", "1h")
				time.Sleep(time.Second)
				s.signals <- in.signal
				s.want(watch.wait(), in.code, "no longer watching; run ", " goes on")
				s.want(run.wait(), 0, "20  locked")
			})
		})
	}
}

func TestWatchEndsWhereNobodyWorks(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 5), "--limit", "2"), 6)
	o := s.want(s.run("status", "--watch"), 0, "nobody works on run ", "next: zlock resume ")
	if n := strings.Count(o.out, "\n"); n != 1 || !strings.Contains(o.out, "paused (--limit reached)  2 of 5 rows; 2 locked, 3 left; 2 credits") {
		t.Errorf("looks: %s", o.out)
	}
	s.want(s.run("status", "--watch", "--interval", "1ms"), 2, "--interval 1ms: must be a span from 100ms")
	s.want(s.run("status", "--watch", "nosuch"), 2, "there is no run")
}
