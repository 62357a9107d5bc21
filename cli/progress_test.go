package cli_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/cli"
	"zlock/zoho"
)

func done(n int, o batch.Outcome) batch.Progress {
	p := batch.Progress{}
	for range n {
		p.Results = append(p.Results, batch.Result{Outcome: o})
	}
	return p
}

func TestPlainProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		limits := zoho.Snapshot{Credits: 7, Why: "3 in flight: Zoho said too many\x1b[2J"}
		p := cli.NewProgress(&b, false, 80, 1000, 100, func() zoho.Snapshot { return limits })
		time.Sleep(29 * time.Second)
		p.Observe(done(60, batch.Locked))
		p.Observe(batch.Progress{Results: done(2, batch.Unknown).Results, Waiting: 3, Doubt: 2})
		synctest.Wait()
		if b.Len() > 0 {
			t.Errorf("said %q before half a minute was over", b.String())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want := "160 of 1,000 rows, 2.0 rows/s, 7m 00s left, 0 failed, 7 credits, 3 waiting, 2 in doubt, 3 in flight: Zoho said too many\\u{1b}[2J\n"
		if b.String() != want {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
		b.Reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := strings.Count(b.String(), "\n"); n != 2 {
			t.Errorf("%d lines in a minute: %q", n, b.String())
		}
		b.Reset()
		p.Observe(done(840, batch.Failed))
		p.Finish()
		if got := b.String(); !strings.HasPrefix(got, "1,000 of 1,000 rows") || strings.Contains(got, "left") || !strings.Contains(got, "840 failed") || strings.Contains(got, "\r") {
			t.Errorf("last line %q", got)
		}
	})
}

func TestNothingButDoubtHasNoSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		p := cli.NewProgress(&b, false, 80, 1000, 100, func() zoho.Snapshot { return zoho.Snapshot{Credits: 7} })
		p.Observe(done(898, batch.Locked))
		p.Observe(batch.Progress{Results: done(2, batch.Unknown).Results, Doubt: 2})
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if want := "998 of 1,000 rows, 0 failed, 7 credits, 2 in doubt, read back until sure\n"; b.String() != want {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
		p.Finish()
	})
}

func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b safeBuffer
		const width = 70
		p := cli.NewProgress(&b, true, width, 100, 0, func() zoho.Snapshot { return zoho.Snapshot{Why: strings.Repeat("why ", 50)} })
		for range 50 {
			p.Observe(done(2, batch.Locked))
			time.Sleep(300 * time.Millisecond)
			p.Log("a log line")
		}
		p.Finish()
		text := b.String()
		if !strings.Contains(text, "50%") || !strings.Contains(text, "rows/s") {
			t.Errorf("drawn: %q", text)
		}
		for _, line := range strings.Split(strings.ReplaceAll(text, "\n", "\r"), "\r") {
			switch {
			case len([]rune(line)) > width:
				t.Errorf("%d columns: %q", len([]rune(line)), line)
			case strings.Contains(line, "a log line") && line != "a log line":
				t.Errorf("the bar and the log share a line: %q", line)
			}
		}
		if last := text[strings.LastIndex(text, "\n"):]; strings.TrimSpace(last[strings.LastIndex(last, "\r"):]) != "" {
			t.Errorf("the bar is left standing: %q", last)
		}
	})
}

func TestBarIsForTerminalsOnly(t *testing.T) {
	for name, in := range map[string]struct {
		terminal bool
		env      string
		args     []string
		bar      bool
	}{
		"terminal": {terminal: true, bar: true}, "file": {}, "CI": {terminal: true, env: "CI"},
		"--no-progress": {terminal: true, args: []string{"--no-progress"}}, "--quiet": {terminal: true, args: []string{"--quiet"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			if in.env != "" {
				s.env[in.env] = "true"
			}
			s.world = func(w *cli.World) { w.ErrTerminal = in.terminal }
			o := s.want(s.run(append([]string{"run", s.locks("job.csv", 0, 10), "--log-level", "debug"}, in.args...)...), 0)
			if got := strings.Contains(o.err, "\r"); got != in.bar {
				t.Errorf("bar %v, want %v: %q", got, in.bar, o.err)
			}
		})
	}
}

func TestQuiet(t *testing.T) {
	s := newStage(t).withZoho(nil)
	if o := s.want(s.run("run", s.locks("job.csv", 0, 3), "--quiet"), 0); o.err+o.out != "" {
		t.Errorf("said %q", o.err+o.out)
	}
	s.want(s.run("run", s.locks("b.csv", 3, 9), "--quiet", "--limit", "1"), 6, "warning: run ", "5 rows left")
}

func TestCut(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc": "abc", "abcdef": "abcd…", "東京東京": "東京…"} {
		if got := cli.Cut(in, 5); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
