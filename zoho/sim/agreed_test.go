package sim_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// agreedOrg has every agreed record, each locked by Me if locked says so.
func agreedOrg(t *testing.T, locked bool) *sim.Org {
	t.Helper()
	var recs []sim.Record
	for _, a := range sim.Agreed() {
		r := lead("584310400000" + a.Suffix)
		if locked {
			r.Lock = &sim.Lock{Reason: "seeded"}
		}
		recs = append(recs, r)
	}
	cfg := holding(recs...)
	cfg.ByID = true
	return found(t, cfg)
}

func TestAgreedStarts(t *testing.T) {
	tests := []struct{ suffix, free, held string }{
		{"9000", "free", "free"},
		{"9001", "Manual Patricia Boyle", "Manual Patricia Boyle"},
		{"9002", "Automatic ", "Automatic "},
		{"9003", "Both Patricia Boyle", "Both Patricia Boyle"},
		{"9004", "absent", "absent"},
		{"9006", "free", "Manual Lena Hart"},
		{"9013", "Manual Lena Hart", "Manual Lena Hart"},
		{"9017", "free", "Manual Lena Hart"},
	}
	free, held := agreedOrg(t, false), agreedOrg(t, true)
	state := func(o *sim.Org, id string) string {
		if r := call(t, o, http.MethodGet, list(id)+allOf, ""); r.status == http.StatusBadRequest {
			return "absent"
		}
		l, locked := o.Lock("Leads", id)
		if !locked {
			return "free"
		}
		return string(l.Source) + " " + l.By.Name
	}
	for _, tt := range tests {
		id := "584310400000" + tt.suffix
		if got := state(free, id); got != tt.free {
			t.Errorf("%s is %s, want %s", id, got, tt.free)
		}
		if got := state(held, id); got != tt.held {
			t.Errorf("%s, otherwise locked, is %s, want %s", id, got, tt.held)
		}
	}
	if l, _ := free.Lock("Leads", "5843104000009013"); l.Reason != "Locked earlier by this user" {
		t.Errorf("9013: %+v", l)
	}
}

// story tells what comes of calls about one record: status or error, and the lock after it.
func story(t *testing.T, o *sim.Org, id string, methods ...string) string {
	t.Helper()
	told := ""
	for _, method := range methods {
		began := time.Now()
		path, body := list(id), reason
		switch method {
		case http.MethodGet:
			path += allOf
		case http.MethodDelete, http.MethodPut:
			l, _ := o.Lock("Leads", id)
			path = one(id, l.ID)
		}
		r := call(t, o, method, path, body)
		told += fmt.Sprint(r.status)
		switch {
		case errors.Is(r.err, io.ErrUnexpectedEOF):
			told += " cut"
		case errors.Is(r.err, io.EOF):
			told += " lost"
		}
		if d := time.Since(began); d > 0 {
			told += " " + d.String()
		}
		if _, locked := o.Lock("Leads", id); locked {
			told += " locked"
		}
		told += "; "
	}
	return told
}

func TestAgreedStories(t *testing.T) {
	tests := []struct {
		suffix  string
		methods []string
		want    string
	}{
		{"9000", []string{"POST", "DELETE"}, "201 locked; 200; "},
		{"9005", []string{"POST", "POST", "GET"}, "403; 403; 204; "},
		{"9006", []string{"GET", "POST", "POST"}, "204; 0 lost locked; 403 locked; "},
		{"9007", []string{"POST", "GET", "POST"}, "0 lost; 204; 201 locked; "},
		{"9008", []string{"GET", "GET", "POST"}, "429; 204; 201 locked; "},
		{"9009", []string{"POST", "POST"}, "500; 201 locked; "},
		{"9010", []string{"POST", "POST", "DELETE"}, "502 locked; 403 locked; 200; "},
		{"9011", []string{"POST", "POST"}, "201 cut locked; 403 locked; "},
		{"9013", []string{"POST", "DELETE"}, "403 locked; 200; "},
		{"9014", []string{"POST", "GET"}, "201 3s locked; 200 3s locked; "},
		{"9015", []string{"POST", "GET", "GET"}, "201 locked; 503 locked; 200 locked; "},
		{"9016", []string{"POST", "POST", "POST", "GET"}, "500; 500; 500; 204; "},
		{"9017", []string{"POST", "GET", "DELETE", "DELETE"}, "201 locked; 200 locked; 400 locked; 200; "},
	}
	for _, tt := range tests {
		t.Run(tt.suffix, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := agreedOrg(t, false)
				if got := story(t, o, "584310400000"+tt.suffix, tt.methods...); got != tt.want {
					t.Errorf("story %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestAgreedLateEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := agreedOrg(t, false)
		if got := story(t, o, "5843104000009012", "POST"); got != "0 lost; " {
			t.Errorf("story %q", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, locked := o.Lock("Leads", "5843104000009012"); !locked {
			t.Error("the effect did not come")
		}
	})
}

func TestALockThatChangesHandsIsPatricias(t *testing.T) {
	o := agreedOrg(t, true)
	const id = "5843104000009017"
	before, _ := o.Lock("Leads", id)
	if r := call(t, o, http.MethodDelete, one(id, before.ID), ""); r.status != http.StatusBadRequest || r.detail(t, "resource_path_index") != 3.0 {
		t.Errorf("unlock: %+v", r)
	}
	after, _ := o.Lock("Leads", id)
	if after.By != sim.Patricia() || after.ID == before.ID {
		t.Errorf("lock %+v", after)
	}
	acts := events(o, applied)
	if len(acts) != 2 || acts[0].Actor != sim.Patricia().ID || acts[0].LockID != before.ID || acts[1].LockID != after.ID {
		t.Errorf("events %+v", acts)
	}
}

func TestWithoutByIDNothingIsAgreed(t *testing.T) {
	o := found(t, holding(lead("5843104000009004"), lead("5843104000009006")))
	lockID(t, o, "5843104000009004")
	lockID(t, o, "5843104000009006")
}

func TestFirstIsFirstAcrossReopenings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := holding(lead("9006"), lead("9008"), lead("9015"))
		cfg.ByID, cfg.Journal = true, filepath.Join(t.TempDir(), "sim.journal")
		told := ""
		for range 2 {
			o, err := sim.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			told += story(t, o, "9006", "POST") + story(t, o, "9008", "GET") + story(t, o, "9015", "GET") + "| "
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		}
		if want := "0 lost locked; 429; 503; | 403 locked; 204; 204; | "; told != want {
			t.Errorf("story %q, want %q", told, want)
		}
	})
}
