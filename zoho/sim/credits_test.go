package sim_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

func TestCreditsComeBackAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := holding(lead("1"), lead("2"))
		cfg.Credits = 4
		o := found(t, cfg)
		get := func() reply { return call(t, o, http.MethodGet, list("1")+allOf, "") }
		var left []string
		for range 4 {
			left = append(left, get().header.Get("X-API-CREDITS-REMAINING"))
			time.Sleep(time.Hour)
		}
		if got := strings.Join(left, ","); got != ",2,1,0" {
			t.Errorf("credits told: %q", got)
		}
		r := call(t, o, http.MethodPost, list("2"), reason)
		if r.status != http.StatusTooManyRequests || !strings.Contains(r.text, "24 hours") {
			t.Errorf("a fifth call: %+v", r)
		}
		if _, locked := o.Lock("Leads", "2"); locked {
			t.Error("a refused call had an effect")
		}
		time.Sleep(20*time.Hour - time.Second)
		if r := get(); r.status != http.StatusTooManyRequests {
			t.Errorf("a second too early: %+v", r)
		}
		time.Sleep(time.Second)
		if r := get(); r.status != http.StatusNoContent || r.header.Get("X-API-CREDITS-REMAINING") != "0" {
			t.Errorf("a day after the first: %+v", r)
		}
		if s := o.Stats(); s.Calls != 7 || s.Credits != 5 || s.OutOfCredits != 2 || s.Throttled != 2 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestRefusedCallsCostACredit(t *testing.T) {
	o := found(t, holding(lead("1")))
	for _, path := range []string{"/crm/v8/nothing/here", list("x") + allOf, list("1"), "/crm/v8/Dealz?fields=id"} {
		if r := call(t, o, http.MethodGet, path, ""); r.status < 400 {
			t.Errorf("%s: %+v", path, r)
		}
	}
	send(t, o.Transport(), http.MethodGet, "/crm/v8/org", "", "")
	if s := o.Stats(); s.Calls != 5 || s.Credits != 5 {
		t.Errorf("stats %+v", s)
	}
}

func TestTooManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var recs []sim.Record
		for i := range 8 {
			recs = append(recs, lead(strconv.Itoa(i+1)))
		}
		cfg := holding(recs...)
		cfg.Concurrency = 5
		cfg.Latency = func() time.Duration { return 100 * time.Millisecond }
		o := found(t, cfg)
		replies := make([]reply, len(recs))
		var all sync.WaitGroup
		for i, r := range recs {
			all.Go(func() { replies[i] = call(t, o, http.MethodPost, list(r.ID), reason) })
		}
		all.Wait()
		made, refused := 0, 0
		for i, r := range replies {
			_, locked := o.Lock("Leads", recs[i].ID)
			switch {
			case r.status == http.StatusCreated && locked:
				made++
			case r.status == http.StatusTooManyRequests && !locked && r.said(t) == "TOO_MANY_REQUESTS":
				refused++
			default:
				t.Errorf("record %s: %+v, locked %v", recs[i].ID, r, locked)
			}
		}
		if made != 5 || refused != 3 {
			t.Errorf("%d made, %d refused", made, refused)
		}
		if s := o.Stats(); s.MaxInFlight < 6 || s.Throttled != 3 {
			t.Errorf("stats %+v", s)
		}
		lockID(t, o, firstRefused(recs, replies))
	})
}

func firstRefused(recs []sim.Record, replies []reply) string {
	for i, r := range replies {
		if r.status == http.StatusTooManyRequests {
			return recs[i].ID
		}
	}
	return ""
}

// TestAPlaceIsFreeOnceTheAnswerIsRead holds the organisation to its word that a
// caller who keeps to the limit is never refused, answers of every size included.
func TestAPlaceIsFreeOnceTheAnswerIsRead(t *testing.T) {
	cfg := holding(lockedLead("1"))
	cfg.Concurrency = 1
	cfg.Script = []sim.Fault{{Match: sim.Match{Every: 3}, Do: sim.CutBody}, {Match: sim.Match{Every: 4}, Do: sim.DropBefore}}
	o := found(t, cfg)
	for range 200 {
		call(t, o, http.MethodGet, list("1")+allOf, "")
	}
	if s := o.Stats(); s.Throttled != 0 || s.MaxInFlight != 1 || s.Faults[sim.CutBody] == 0 || s.Faults[sim.DropBefore] == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestOthersTakePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := holding(lead("1"))
		cfg.Concurrency, cfg.OtherUsers = 3, 5
		refused := 0
		o := found(t, cfg)
		for range 60 {
			if call(t, o, http.MethodGet, list("1")+allOf, "").status == http.StatusTooManyRequests {
				refused++
			}
			time.Sleep(time.Second)
		}
		if refused < 15 || refused > 45 {
			t.Errorf("%d of 60 refused, want about half", refused)
		}
	})
}

func TestLatencyIsBetween(t *testing.T) {
	latency := sim.Between(60*time.Millisecond, 180*time.Millisecond, 1)
	low, high := time.Hour, time.Duration(0)
	for range 1000 {
		d := latency()
		low, high = min(low, d), max(high, d)
	}
	if low < 60*time.Millisecond || low > 65*time.Millisecond || high > 180*time.Millisecond || high < 175*time.Millisecond {
		t.Errorf("from %s to %s", low, high)
	}
}
