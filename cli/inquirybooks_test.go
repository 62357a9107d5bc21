package cli_test

import (
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"zlock/checkpoint"
	"zlock/cli"
	"zlock/zoho/sim"
)

// overhear has a test hear of every call before it arrives.
type overhear struct {
	http.RoundTripper
	hear func()
}

func (o overhear) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		o.hear()
	}
	return o.RoundTripper.RoundTrip(r)
}

// purse is what the pretend Zoho's organisation has spent; some command must have booked something before.
func (s *stage) purse() (checkpoint.Purse, func() int) {
	s.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(s.env["ZLOCK_STATE_DIR"], "orgs", "*", "credits"))
	if err != nil || len(dirs) != 1 {
		s.t.Fatalf("directories of credits: %v, %v", dirs, err)
	}
	p := checkpoint.NewPurse(dirs[0])
	return p, func() (credits int) {
		all, err := p.Others("", time.Now())
		if err != nil {
			s.t.Error(err)
		}
		for _, spend := range all {
			credits += spend.Credits
		}
		return credits
	}
}

// A check that is killed at any instant has told others of no less than it spent, and one that ends of no
// more.
func TestInquiryBooksAhead(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.MaxIDs = 10 })
	s.want(s.run("show", "Leads", leadID(0)), 0)
	_, booked := s.purse()
	var mu sync.Mutex
	less := 0
	s.world = func(w *cli.World) {
		w.Transport = overhear{http.DefaultTransport, func() {
			mu.Lock()
			defer mu.Unlock()
			if booked() < s.org.Stats().Calls {
				less++
			}
		}}
	}
	s.want(s.run("plan", s.locks("a.csv", 0, 190), "--check"), 0)
	if less > 0 {
		t.Errorf("others were told of less than was spent, %d times", less)
	}
	if got, want := booked(), s.org.Stats().Calls; got != want {
		t.Errorf("in the end %d credits are booked, want %d", got, want)
	}
}

// A check beside a run sees what the run spends meanwhile.
func TestInquiryLooksAround(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.MaxIDs = 2 })
	s.want(s.run("show", "Leads", leadID(0)), 0)
	p, _ := s.purse()
	var once sync.Once
	s.world = func(w *cli.World) {
		w.Transport = overhear{http.DefaultTransport, func() {
			once.Do(func() {
				if err := p.Publish("a run beside it", []checkpoint.Spend{{At: time.Now(), Credits: 90}}, time.Now()); err != nil {
					t.Error(err)
				}
			})
		}}
	}
	before := s.org.Stats().Calls
	s.want(s.run("plan", s.locks("a.csv", 0, 190), "--check", "--credits-per-day", "100", "--reserve", "0"), 6, "credits for 24 hours are spent")
	if calls := s.org.Stats().Calls - before; calls > 30 {
		t.Errorf("%d calls, where 9 credits were left", calls)
	}
}
