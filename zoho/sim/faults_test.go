package sim_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// faulty is an organisation of one unlocked lead whose first call meets the fault.
func faulty(t *testing.T, f sim.Fault) *sim.Org {
	t.Helper()
	f.Match.Nth = 1
	cfg := holding(lead("1"))
	cfg.Script = []sim.Fault{f}
	return found(t, cfg)
}

func TestEachFaultsEffectAndAnswer(t *testing.T) {
	tests := []struct {
		do      sim.Kind
		span    time.Duration
		applied bool
		status  int
		err     error
		check   func(reply) bool
	}{
		{do: sim.DropBefore, err: io.EOF},
		{do: sim.DropAfter, applied: true, err: io.EOF},
		{do: sim.CutBody, applied: true, status: 201, err: io.ErrUnexpectedEOF},
		{do: sim.HTML502Before, status: 502, check: isPage},
		{do: sim.HTML502After, applied: true, status: 502, check: isPage},
		{do: sim.Status500Before, status: 500},
		{do: sim.Status500After, applied: true, status: 500},
		{do: sim.Status503, status: 503, check: isPage},
		{do: sim.Outage, status: 503, check: isPage},
		{do: sim.Throttle429, span: 1500 * time.Millisecond, status: 429, check: func(r reply) bool { return r.header.Get("Retry-After") == "2" }},
		{do: sim.Throttle429Numeric, status: 429, check: func(r reply) bool { return strings.Contains(r.text, `"code":429`) }},
		{do: sim.Throttle429Credits, status: 429, check: func(r reply) bool { return strings.Contains(r.text, "24 hours") }},
		{do: sim.Throttle429Minute, status: 429, check: func(r reply) bool { return strings.Contains(r.text, "minute") && strings.Contains(r.text, `{}`) }},
		{do: sim.Throttle429Hint, span: time.Minute, status: 429, check: func(r reply) bool { return strings.Contains(r.text, `"retry_after":60`) }},
		{do: sim.TokenRevoked, status: 401, check: func(r reply) bool { return strings.Contains(r.text, "INVALID_TOKEN") }},
		{do: sim.Forbidden, status: 403, check: func(r reply) bool { return strings.Contains(r.text, "NO_PERMISSION") }},
		{do: sim.Redirect, status: 307, check: func(r reply) bool { return strings.HasPrefix(r.header.Get("Location"), "https://elsewhere.") }},
		{do: sim.WrongID, applied: true, status: 201},
		{do: sim.EmptyBody, applied: true, status: 201, check: func(r reply) bool { return r.text == "" }},
		{do: sim.Slow, span: 10 * time.Second, applied: true, status: 201},
		{do: sim.Drip, applied: true, status: 201},
		{do: sim.HugeBody, applied: true, status: 201, check: func(r reply) bool { return len(r.text) > 16<<20 }},
		{do: sim.ChangeHands, applied: true, status: 201},
	}
	for _, tt := range tests {
		t.Run(string(tt.do), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := faulty(t, sim.Fault{Do: tt.do, For: tt.span})
				r := call(t, o, http.MethodPost, list("1"), reason)
				if r.status != tt.status || !errors.Is(r.err, tt.err) || (tt.err == nil) != (r.err == nil) {
					t.Errorf("status %d, error %v; want %d, %v", r.status, r.err, tt.status, tt.err)
				}
				if tt.check != nil && !tt.check(r) {
					t.Errorf("%v %.300s", r.header, r.text)
				}
				l, locked := o.Lock("Leads", "1")
				if locked != tt.applied || o.Stats().Faults[tt.do] != 1 {
					t.Errorf("locked %v, want %v; %v", locked, tt.applied, o.Stats().Faults)
				}
				for _, e := range o.Log() {
					if e.Applied && e.LockID != l.ID {
						t.Errorf("the log names lock %q, the record's is %q", e.LockID, l.ID)
					}
				}
				if next := call(t, o, http.MethodGet, list("1")+allOf, ""); next.err != nil || next.status > 204 {
					t.Errorf("the next call: %+v", next)
				}
			})
		})
	}
}

func isPage(r reply) bool {
	return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && strings.Contains(r.text, "</html>")
}

func TestLateEffects(t *testing.T) {
	tests := []struct {
		name      string
		meanwhile func(*testing.T, *sim.Org)
		applied   bool
	}{
		{"undisturbed", func(*testing.T, *sim.Org) {}, true},
		{"somebody was faster", func(t *testing.T, o *sim.Org) {
			if _, err := o.Act(sim.Patricia(), sim.OpLock, lockedLead("1")); err != nil {
				t.Error(err)
			}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := faulty(t, sim.Fault{Do: sim.LateEffect, For: 55 * time.Second})
				if r := call(t, o, http.MethodPost, list("1"), reason); !errors.Is(r.err, io.EOF) {
					t.Errorf("answer %+v", r)
				}
				time.Sleep(55*time.Second - time.Nanosecond)
				if _, locked := o.Lock("Leads", "1"); locked {
					t.Error("too early")
				}
				tt.meanwhile(t, o)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				late := events(o, func(e sim.Event) bool { return e.Late })
				if len(late) != 1 || late[0].Applied != tt.applied || late[0].Status != 0 {
					t.Errorf("late events %+v", late)
				}
				if l, locked := o.Lock("Leads", "1"); !locked || (l.By != sim.Patricia()) != tt.applied {
					t.Errorf("lock %+v, %v", l, locked)
				}
			})
		})
	}
}

func TestTimesOfFaults(t *testing.T) {
	tests := []struct {
		do   sim.Kind
		span time.Duration
		want func(time.Duration) bool
	}{
		{sim.Slow, 10 * time.Second, func(d time.Duration) bool { return d == 10*time.Second }},
		{sim.Drip, 0, func(d time.Duration) bool { return d > 100*time.Second }},
		{sim.Drip, time.Millisecond, func(d time.Duration) bool { return d > 100*time.Millisecond && d < time.Second }},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s for %s", tt.do, tt.span), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := faulty(t, sim.Fault{Do: tt.do, For: tt.span})
				began := time.Now()
				if r := call(t, o, http.MethodPost, list("1"), reason); r.status != http.StatusCreated || r.said(t) != "SUCCESS" {
					t.Errorf("%+v", r)
				}
				if d := time.Since(began); !tt.want(d) {
					t.Errorf("it took %s", d)
				}
			})
		})
	}
}

func TestHangLastsAsLongAsTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := faulty(t, sim.Fault{Do: sim.Hang})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+list("1"), strings.NewReader(reason))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Zoho-oauthtoken "+o.Token())
		began := time.Now()
		_, err = o.Transport().RoundTrip(req)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 30*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if _, locked := o.Lock("Leads", "1"); locked {
			t.Error("it had an effect")
		}
	})
}

func TestAHugeBodyComesPackedWhereAccepted(t *testing.T) {
	o := faulty(t, sim.Fault{Do: sim.HugeBody})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+list("1"), strings.NewReader(reason))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+o.Token())
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := o.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	packed, err := io.ReadAll(resp.Body)
	if err != nil || len(packed) > 1<<20 || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%d bytes, %v, %v", len(packed), resp.Header, err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); n < 16<<20 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestAWrongIDIsAnothersID(t *testing.T) {
	o := faulty(t, sim.Fault{Do: sim.WrongID})
	told := call(t, o, http.MethodPost, list("1"), reason).detail(t, "id")
	if l, _ := o.Lock("Leads", "1"); told == nil || told == l.ID {
		t.Errorf("told %v, is %s", told, l.ID)
	}
}

func TestAWrongIDNeedsALock(t *testing.T) {
	o := faulty(t, sim.Fault{Do: sim.WrongID})
	if r := call(t, o, http.MethodGet, list("1")+allOf, ""); r.status != http.StatusNoContent || r.err != nil {
		t.Errorf("%+v", r)
	}
}

func TestTheTokenEndpointHasFaultsToo(t *testing.T) {
	cfg := sim.Config{Tokens: signIn(), Script: []sim.Fault{
		{Match: sim.Match{Op: sim.OpToken, Nth: 1}, Do: sim.HTML502Before},
		{Match: sim.Match{Op: sim.OpToken, Nth: 2}, Do: sim.DropAfter},
		{Do: sim.Status500Before},
	}}
	o := found(t, cfg)
	if r := refresh(t, o); r.status != http.StatusBadGateway {
		t.Errorf("first: %+v", r)
	}
	if r := refresh(t, o); !errors.Is(r.err, io.EOF) {
		t.Errorf("second: %+v", r)
	}
	if works(t, o, accessToken(t, o)) {
		t.Error("a fault for every call to the API spared one")
	}
}

// struck are the numbers of the calls, from 1, that a fault strikes among n about each record.
func struck(t *testing.T, m sim.Match, n int, ids ...string) map[string][]int {
	t.Helper()
	var recs []sim.Record
	for _, id := range ids {
		recs = append(recs, lead(id), sim.Record{Module: "Deals", ID: id})
	}
	cfg := holding(recs...)
	cfg.Script = []sim.Fault{{Match: m, Do: sim.Status503}}
	o := found(t, cfg)
	got := map[string][]int{}
	for i := range n {
		for _, id := range ids {
			if call(t, o, http.MethodGet, list(id)+allOf, "").status == http.StatusServiceUnavailable {
				got[id] = append(got[id], i+1)
			}
		}
	}
	return got
}

func TestMatching(t *testing.T) {
	tests := []struct {
		name string
		m    sim.Match
		want string
	}{
		{"every call", sim.Match{}, "map[11:[1 2 3 4] 12:[1 2 3 4]]"},
		{"the second of each record", sim.Match{Nth: 2}, "map[11:[2] 12:[2]]"},
		{"the second of all", sim.Match{Nth: 2, Overall: true}, "map[12:[1]]"},
		{"every other", sim.Match{Every: 2}, "map[11:[2 4] 12:[2 4]]"},
		{"every third of all", sim.Match{Every: 3, Overall: true}, "map[11:[2] 12:[3]]"},
		{"a suffix", sim.Match{IDSuffix: "2", Nth: 1}, "map[12:[1]]"},
		{"another module", sim.Match{Module: "Deals"}, "map[]"},
		{"this module", sim.Match{Module: "Leads", Nth: 4}, "map[11:[4] 12:[4]]"},
		{"writes", sim.Match{Op: sim.AnyWrite}, "map[]"},
		{"reads", sim.Match{Op: sim.AnyRead, Nth: 3}, "map[11:[3] 12:[3]]"},
		{"lists", sim.Match{Op: sim.OpList, Nth: 1}, "map[11:[1] 12:[1]]"},
		{"not yet", sim.Match{From: time.Hour}, "map[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(struck(t, tt.m, 4, "11", "12")); got != tt.want {
				t.Errorf("struck %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAnOutageEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := holding(lead("1"))
		cfg.Script = []sim.Fault{{Match: sim.Match{From: time.Minute, Until: time.Hour}, Do: sim.Outage}}
		o := found(t, cfg)
		var got []int
		for _, wait := range []time.Duration{0, time.Minute, 59*time.Minute - 1, 1} {
			time.Sleep(wait)
			got = append(got, call(t, o, http.MethodGet, list("1")+allOf, "").status)
		}
		if want := []int{204, 503, 503, 204}; !slices.Equal(got, want) {
			t.Errorf("statuses %v, want %v", got, want)
		}
	})
}

// TestChanceDoesNotDependOnTheOrderOfCalls asks in two orders and wants one story.
func TestChanceDoesNotDependOnTheOrderOfCalls(t *testing.T) {
	var ids []string
	for i := range 400 {
		ids = append(ids, strconv.Itoa(1000+i))
	}
	m := sim.Match{Prob: 0.25}
	forth := struck(t, m, 3, ids...)
	slices.Reverse(ids)
	back := struck(t, m, 3, ids...)
	if fmt.Sprint(forth) != fmt.Sprint(back) {
		t.Error("the order of the calls changed who was struck")
	}
	n := 0
	for _, calls := range forth {
		n += len(calls)
	}
	if n < 240 || n > 360 {
		t.Errorf("%d of 1200 struck, want about 300", n)
	}
}

func TestSenselessConfigurations(t *testing.T) {
	tests := []struct {
		name string
		cfg  sim.Config
		want string
	}{
		{"kind", sim.Config{Script: []sim.Fault{{Do: "bang"}}}, `fault 1 of the script: unknown kind "bang"`},
		{"no kind", sim.Config{Script: []sim.Fault{{Do: sim.Hang}, {}}}, "fault 2"},
		{"probability", sim.Config{Script: []sim.Fault{{Do: sim.Hang, Match: sim.Match{Prob: 1.1}}}}, "1.1"},
		{"no number", sim.Config{Script: []sim.Fault{{Do: sim.Hang, Match: sim.Match{Prob: math.NaN()}}}}, "NaN"},
		{"nth", sim.Config{Script: []sim.Fault{{Do: sim.Hang, Match: sim.Match{Nth: -1}}}}, "negative"},
		{"concurrency", sim.Config{Concurrency: -1}, "concurrency must not be negative, and is -1"},
		{"credits", sim.Config{Credits: -7}, "-7"},
		{"token life", sim.Config{Tokens: sim.TokenConfig{TTL: -1}}, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := sim.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}
