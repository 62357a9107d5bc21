package cli_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// TestMain lets the test binary stand in for the program, for tests that kill a process.
func TestMain(m *testing.M) {
	if os.Getenv("CLI_TEST_IS_ZLOCK") != "" {
		os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Process(nil)))
	}
	if file := os.Getenv("CLI_TEST_HOOK"); file != "" {
		os.Exit(hook(file))
	}
	os.Exit(m.Run())
}

func TestFirstSignalLetsCallsEnd(t *testing.T) {
	for _, in := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}, {syscall.SIGHUP, 143}} {
		t.Run(in.signal.String(), func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.signals = make(chan os.Signal, 4)
			gate := s.gated()
			g := s.start("run", s.locks("job.csv", 0, 30), "--concurrency", "3")
			<-gate.arrived
			s.signals <- in.signal
			if err := g.until(t.Context(), "stopping: letting "); err != nil {
				t.Fatal(err)
			}
			gate.open()
			s.want(g.wait(), in.code, "again to cut them", "is interrupted (stopped by a signal)", "next: zlock resume")
			d := s.status()
			if d.State != "interrupted" || *d.StoppedBy != "signal" || d.Rows["locked"] == 0 || d.Rows["unknown"] != 0 || d.Rows["pending"] == 0 {
				t.Errorf("status %+v", d)
			}
			s.want(s.run("resume"), 0, "30  locked")
			if n := s.org.Stats().Calls; n != 30 {
				t.Errorf("%d calls for 30 locks", n)
			}
		})
	}
}

func TestSecondSignalCutsCalls(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.signals = make(chan os.Signal, 4)
	gate := s.gated()
	g := s.start("run", s.locks("job.csv", 0, 30), "--concurrency", "1")
	<-gate.arrived
	s.signals <- os.Interrupt
	if err := g.until(t.Context(), "stopping: letting 1 call end"); err != nil {
		t.Fatal(err)
	}
	s.signals <- os.Interrupt
	s.want(g.wait(), 130)
	if d := s.status(); d.State != "interrupted" || d.Rows["unknown"] != 1 || d.Rows["pending"] != 29 {
		t.Errorf("status %+v", d)
	}
	gate.open()
	s.want(s.run("resume"), 0, "30  locked")
}

func TestGraceEndsLikeASecondSignal(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.signals = make(chan os.Signal, 4)
	gate := s.gated()
	g := s.start("run", s.locks("job.csv", 0, 5), "--concurrency", "1", "--grace", "50ms")
	<-gate.arrived
	s.signals <- syscall.SIGTERM
	s.want(g.wait(), 143)
	if d := s.status(); d.Rows["unknown"] != 1 {
		t.Errorf("status %+v", d)
	}
}

func TestThirdSignalLeavesAtOnce(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.signals = make(chan os.Signal, 4)
	left := make(chan int, 1)
	s.world = func(w *cli.World) { w.Exit = func(code int) { left <- code } }
	gate := s.gated()
	g := s.start("run", s.locks("job.csv", 0, 5))
	<-gate.arrived
	for range 3 {
		s.signals <- os.Interrupt
	}
	if code := <-left; code != 130 {
		t.Errorf("left with %d", code)
	}
	g.wait()
}

func TestSignalWhileAsking(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.signals = make(chan os.Signal, 4)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	s.world = func(w *cli.World) { w.In, w.InTerminal, w.ErrTerminal = r, true, true }
	g := s.start("run", s.locks("job.csv", 0, 150))
	if err := g.until(t.Context(), "[y/N]"); err != nil {
		t.Fatal(err)
	}
	s.signals <- os.Interrupt
	s.want(g.wait(), 130, "nothing was sent")
	if o := s.run("runs"); o.out != "" {
		t.Errorf("a run is left: %s", o.out)
	}
}

func TestKilledRunIsTakenOver(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Latency = func() time.Duration { return 20 * time.Millisecond } })
	gate := s.gated()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "run", s.locks("job.csv", 0, 40))
	cmd.Dir = s.dir
	cmd.Env = []string{"CLI_TEST_IS_ZLOCK=1", "ZLOCK_API_URL=" + s.env["ZLOCK_API_URL"]}
	for key, value := range s.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-gate.arrived
	if d := s.status(); d.State != "running" || d.Rows["sending"] == 0 {
		t.Errorf("status beside the run %+v", d)
	}
	s.want(s.run("resume"), 8, "works on this org")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if d := s.status(); d.State != "interrupted" || *d.StoppedBy != "killed" || d.Rows["sending"] != 0 || d.Rows["unknown"] == 0 {
		t.Errorf("status after the kill %+v", d)
	}
	gate.open()
	s.want(s.run("resume"), 0, "is completed")
	if d := s.status(); d.Rows["locked"] != 40 {
		t.Errorf("status %+v", d)
	}
}

// TestSignalBetweenCalls: where no call is in flight there is none to wait for.
func TestSignalBetweenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, nil)
		s.signals = make(chan os.Signal, 4)
		g := s.start("run", s.manyLocks(3), "--rate", "0.01", "--concurrency", "1")
		time.Sleep(150 * time.Second)
		s.signals <- os.Interrupt
		s.want(g.wait(), 130, "stopping: no call is in flight", "next: zlock resume")
		if d := s.status(); d.Rows["locked"] != 1 || d.Rows["pending"] != 2 {
			t.Errorf("status %+v", d)
		}
	})
}
