package zoho_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"zlock/zoho"
	"zlock/zoho/sim"
)

func TestLockStates(t *testing.T) {
	const asked = "7,8,0009,10"
	absent := []zoho.LockState{zoho.StateAbsent, zoho.StateAbsent, zoho.StateAbsent, zoho.StateAbsent}
	tests := []struct {
		name, body string
		status     int
		want       []zoho.LockState
		kind       zoho.Kind
	}{
		{"in another order, one missing", `{"data":[{"id":"10","Locked__s":false},{"id":"9","Locked__s":true},{"id":"7"}],"info":{"more_records":false}}`, 200,
			[]zoho.LockState{zoho.StateUnsaid, zoho.StateAbsent, zoho.StateLocked, zoho.StateUnlocked}, 0},
		{"ids as numbers, keys in another case", `{"data":[{"id":7,"locked__s":true}]}`, 200,
			[]zoho.LockState{zoho.StateLocked, zoho.StateAbsent, zoho.StateAbsent, zoho.StateAbsent}, 0},
		{"null and text say nothing", `{"data":[{"id":"7","Locked__s":null},{"id":"8","Locked__s":"yes"}]}`, 200,
			[]zoho.LockState{zoho.StateUnsaid, zoho.StateUnsaid, zoho.StateAbsent, zoho.StateAbsent}, 0},
		{"none of them", ``, 204, absent, 0},
		{"no rows", `{"data":[]}`, 200, absent, 0},
		{"a stranger among them", `{"data":[{"id":"7","Locked__s":true},{"id":"11","Locked__s":true}]}`, 200, nil, zoho.BadAnswer},
		{"more to come", `{"data":[{"id":"7","Locked__s":true}],"info":{"more_records":true}}`, 200, nil, zoho.BadAnswer},
		{"empty", ``, 200, nil, zoho.BadAnswer},
		{"no data", `{"info":{}}`, 200, nil, zoho.BadAnswer},
		{"too many ids", `{"code":"LIMIT_EXCEEDED","details":{"limit":50,"param_name":"ids"},"message":"…","status":"error"}`, 400, nil, zoho.RequestRefused},
		{"without the scope", `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"invalid oauth scope","status":"error"}`, 401, nil, zoho.ScopeMissing},
		{"without the permission", `{"code":"NO_PERMISSION","details":{},"message":"permission denied","status":"error"}`, 403, nil, zoho.NoPermission},
		{"no such module", `{"code":"INVALID_MODULE","details":{"resource_path_index":0},"message":"…","status":"error"}`, 400, nil, zoho.ModuleUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var meter zoho.Meter
			got, err := newClient(t, always(tt.status, tt.body)).Metered(&meter).LockStates(t.Context(), "Deals", strings.Split(asked, ","))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			var e *zoho.Error
			if tt.kind == 0 && err != nil || tt.kind != 0 && (!errors.As(err, &e) || e.Kind != tt.kind) {
				t.Errorf("error %v, want %v", err, tt.kind)
			}
			if meter.Credits != 1 {
				t.Errorf("%d credits, want 1", meter.Credits)
			}
		})
	}
}

func TestLockStatesAsks(t *testing.T) {
	for module, converted := range map[string]string{"Leads": "both", "Deals": ""} {
		var asked *url.URL
		end := farEnd(func(r *http.Request) (*http.Response, error) {
			asked = r.URL
			return reply(204, ""), nil
		})
		if _, err := newClient(t, end).LockStates(t.Context(), module, []string{"7", "8"}); err != nil {
			t.Fatal(err)
		}
		q := asked.Query()
		if asked.Path != "/crm/v8/"+module || q.Get("fields") != "id,Locked__s" || q.Get("ids") != "7,8" || q.Get("converted") != converted {
			t.Errorf("%s: asked %s", module, asked)
		}
	}
}

// What cannot be asked is refused here and costs nothing.
func TestLockStatesRefusedHere(t *testing.T) {
	many := strings.Split(strings.Repeat("7,", zoho.MaxBulkIDs)+"7", ",")
	for name, ids := range map[string][]string{"none": nil, "too many": many, "no id": {"7", "x"}, "two in one": {"7,8"}} {
		var meter zoho.Meter
		if _, err := newClient(t, always(204, "")).Metered(&meter).LockStates(t.Context(), "Deals", ids); err == nil || meter.Calls != 0 {
			t.Errorf("%s: error %v, %d calls", name, err, meter.Calls)
		}
	}
	if _, err := newClient(t, always(204, "")).LockStates(t.Context(), "Deals/1", []string{"7"}); err == nil {
		t.Error("a module that is a path was taken")
	}
}

// Against the simulator: a converted lead is there, and is told as what it is.
func TestLockStatesOfConvertedLeads(t *testing.T) {
	org, err := sim.New(sim.Config{Records: func(yield func(sim.Record) bool) {
		for i := range 4 {
			r := sim.Record{Module: "Leads", ID: fmt.Sprint(i + 1), Converted: i%2 == 1}
			if i > 1 {
				r.Lock = &sim.Lock{Reason: "r"}
			}
			if !yield(r) {
				return
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = org.Close() }()
	tokens := newTokens(t, zoho.TokenConfig{AccessToken: zoho.NewSecret(org.Token())})
	client := newClientWith(t, zoho.Config{API: "http://127.0.0.1", Tokens: tokens, Transport: org.Transport()})
	got, err := client.LockStates(t.Context(), "Leads", []string{"4", "5", "1", "2", "3"})
	want := []zoho.LockState{zoho.StateLocked, zoho.StateAbsent, zoho.StateUnlocked, zoho.StateUnlocked, zoho.StateLocked}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// Where nothing beyond the first fifty is there, a server may not have looked that far.
func TestOverlooked(t *testing.T) {
	states := func(there ...int) []zoho.LockState {
		out := make([]zoho.LockState, 100)
		for i := range out {
			out[i] = zoho.StateAbsent
		}
		for _, i := range there {
			out[i] = zoho.StateLocked
		}
		return out
	}
	for _, in := range []struct {
		states []zoho.LockState
		want   int
	}{
		{nil, 0}, {states()[:50], 0}, {states(3)[:51], 1}, {states(), 50}, {states(49), 50}, {states(50), 0}, {states(99), 0},
	} {
		if got := zoho.Overlooked(in.states); got != in.want {
			t.Errorf("of %d states %d are in question, want %d", len(in.states), got, in.want)
		}
	}
}
