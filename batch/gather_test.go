package batch_test

import (
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// TestOutcomesAreGathered: with calls slower than commits, several outcomes share one, none waits long,
// and no more rows are in flight on disk than twice those worked.
func TestOutcomesAreGathered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rows, workers = 400, 20
		s := newStage(t, sim.Config{}, locksOf(rows, "Leads"))
		commits := 0
		report, run := s.work(batch.Options{Workers: workers, Observe: func(p batch.Progress) {
			if len(p.Results) > 0 {
				commits++
			}
			for _, r := range p.Results {
				if waited := time.Since(r.FinishedAt); waited > 100*time.Millisecond {
					t.Errorf("row %d waited %v to be written down", r.Seq, waited)
				}
			}
			now, err := s.db.Find(t.Context(), s.run.ID)
			if err != nil {
				t.Fatal(err)
			}
			if n := now.Counts[batch.Sending]; n > 2*workers {
				t.Errorf("%d rows are in flight", n)
			}
		}})
		if report.StoppedBy != "" || commits > rows/3 || commits < rows/(2*workers) {
			t.Errorf("%d commits for %d rows, stopped by %q", commits, rows, report.StoppedBy)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: rows})
		s.settled()
	})
}

// TestFailuresAreNotGathered: what may stop the run is written down at once.
func TestFailuresAreNotGathered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(100, "Leads")
		s := newStage(t, sim.Config{Records: recordsOf(rows[:1], sim.User{})}, rows)
		_, run := s.work(batch.Options{Workers: 10, Observe: func(p batch.Progress) {
			for _, r := range p.Results {
				if r.Outcome == batch.Failed && time.Since(r.FinishedAt) > 0 {
					t.Errorf("row %d failed, and waited %v to be written down", r.Seq, time.Since(r.FinishedAt))
				}
			}
		}})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 1, batch.Failed: 99})
	})
}

// onDisk carries out 1,000 locks with 20 workers on a disk on which a commit takes so long, and says how long
// that took, and how many commits.
func onDisk(t *testing.T, latency func() time.Duration, commit time.Duration) (took time.Duration, commits int) {
	bubble(t, func(t *testing.T) {
		const rows, workers = 1000, 20
		s := newStage(t, sim.Config{Latency: latency}, locksOf(rows, "Leads"))
		session, err := s.db.Begin(t.Context(), s.run.ID, "pid 1 on test")
		if err != nil {
			t.Fatal(err)
		}
		s.last = zoho.NewLimiter(zoho.LimiterConfig{Cap: workers})
		began := time.Now()
		o := batch.Options{RunID: s.run.ID, AnyOwner: true, Workers: workers}
		disk := watched{session, func() { commits++; time.Sleep(commit) }}
		if _, err := batch.NewRunner(disk, s.client(), s.last, o).Run(t.Context(), t.Context()); err != nil {
			t.Fatal(err)
		}
		took = time.Since(began)
		run, err := session.End(t.Context(), batch.Paused, "")
		if err != nil {
			t.Fatal(err)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: rows})
	})
	return took, commits
}

// TestSlowDiskCostsNoTime: outcomes wait for others only while the rows dealt ahead outlast the commit that
// brings more, so that workers do not run out of rows on a disk on which that takes long.
func TestSlowDiskCostsNoTime(t *testing.T) {
	took := func(commit time.Duration) time.Duration {
		took, _ := onDisk(t, sim.Between(40*time.Millisecond, 60*time.Millisecond, 1), commit)
		return took
	}
	quick := took(0)
	for _, commit := range []time.Duration{5 * time.Millisecond, 15 * time.Millisecond, 25 * time.Millisecond} {
		// Nothing can hide the commit that deals the first rows, nor the last one.
		if more := took(commit) - quick; more > 3*commit {
			t.Errorf("commits of %v cost %v, more than three of them", commit, more)
		}
	}
}

// TestBurstsShareCommits: calls made together are answered together. The pace within such a burst is not the
// pace of the run, and what a burst leaves is written with the next.
func TestBurstsShareCommits(t *testing.T) {
	if _, commits := onDisk(t, sim.Between(60*time.Millisecond, 61*time.Millisecond, 1), time.Millisecond); commits > 70 {
		t.Errorf("%d commits for 50 bursts of 20 answers", commits)
	}
}
