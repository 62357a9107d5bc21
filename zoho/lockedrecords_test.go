package zoho_test

import (
	"encoding/json"
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

func TestLockedRecords(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		want       []string
		more       bool
		kind       zoho.Kind
	}{
		{"a page", `{"data":[{"id":"8"},{"id":"10"}],"info":{"count":2,"more_records":true}}`, 200, []string{"8", "10"}, true, 0},
		{"the last", `{"data":[{"id":"8"}],"info":{"more_records":false}}`, 200, []string{"8"}, false, 0},
		{"full, and nothing said of more", `{"data":[{"id":"8"},{"id":"9"},{"id":"10"}]}`, 200, []string{"8", "9", "10"}, true, 0},
		{"short, and nothing said of more", `{"data":[{"id":"8"}]}`, 200, []string{"8"}, false, 0},
		{"ids as numbers", `{"data":[{"id":5843104000000425565}]}`, 200, []string{"5843104000000425565"}, false, 0},
		{"none", ``, 204, nil, false, 0},
		{"no row, and more: that would never end", `{"data":[],"info":{"more_records":true}}`, 200, nil, false, 0},
		{"out of order", `{"data":[{"id":"10"},{"id":"8"}]}`, 200, nil, false, zoho.BadAnswer},
		{"twice", `{"data":[{"id":"8"},{"id":"8"}]}`, 200, nil, false, zoho.BadAnswer},
		{"before what was asked for", `{"data":[{"id":"7"}]}`, 200, nil, false, zoho.BadAnswer},
		{"no id", `{"data":[{"id":null}]}`, 200, nil, false, zoho.BadAnswer},
		{"no data", `{"info":{}}`, 200, nil, false, zoho.BadAnswer},
		{"a query that is not taken", `{"code":"INVALID_QUERY","details":{"column_name":"Locked__s"},"message":"…","status":"error"}`, 400, nil, false, zoho.RequestRefused},
		{"no such module", `{"code":"INVALID_MODULE","details":{},"message":"…","status":"error"}`, 400, nil, false, zoho.ModuleUnknown},
		{"without the scope", `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"…","status":"error"}`, 401, nil, false, zoho.ScopeMissing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var meter zoho.Meter
			got, more, err := newClient(t, always(tt.status, tt.body)).Metered(&meter).
				LockedRecords(t.Context(), zoho.LockedQuery{Module: "Deals", After: "7", Limit: 3})
			if !slices.Equal(got, tt.want) || more != tt.more {
				t.Errorf("got %v, more %v; want %v, %v", got, more, tt.want, tt.more)
			}
			var e *zoho.Error
			if tt.kind == 0 && err != nil || tt.kind != 0 && (!errors.As(err, &e) || e.Kind != tt.kind) {
				t.Errorf("error %v, want %v", err, tt.kind)
			}
			if tt.kind == zoho.ScopeMissing && !strings.Contains(e.Hint, "ZohoCRM.coql.READ") {
				t.Errorf("hint %q", e.Hint)
			}
		})
	}
}

// What is asked, and what it costs, hangs on the limit.
func TestLockedRecordsAsks(t *testing.T) {
	for _, tt := range []struct {
		q     zoho.LockedQuery
		want  string
		price int
	}{
		{zoho.LockedQuery{Module: "Deals", Limit: 200}, "select id from Deals where Locked__s = true order by id asc limit 200", 1},
		{zoho.LockedQuery{Module: "Deals", Limit: 201, After: "7"}, "select id from Deals where Locked__s = true and id > 7 order by id asc limit 201", 2},
		{zoho.LockedQuery{Module: "Deals", Limit: 1001, After: "7", Quoted: true}, "select id from Deals where Locked__s = 'true' and id > '7' order by id asc limit 1001", 3},
	} {
		var asked map[string]string
		var meter zoho.Meter
		end := farEnd(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost || r.URL.Path != "/crm/v8/coql" {
				t.Errorf("asked %s %s", r.Method, r.URL)
			}
			return reply(204, ""), json.NewDecoder(r.Body).Decode(&asked)
		})
		if _, _, err := newClient(t, end).Metered(&meter).LockedRecords(t.Context(), tt.q); err != nil {
			t.Fatal(err)
		}
		if asked["select_query"] != tt.want || meter.Credits != tt.price {
			t.Errorf("asked %q for %d credits, want %q for %d", asked["select_query"], meter.Credits, tt.want, tt.price)
		}
	}
}

// What cannot be asked is refused here and costs nothing.
func TestLockedRecordsRefusedHere(t *testing.T) {
	for _, q := range []zoho.LockedQuery{
		{Module: "Deals", Limit: 0}, {Module: "Deals", Limit: zoho.MaxQueryRows + 1}, {Module: "Deals where 1", Limit: 1}, {Module: "Deals", Limit: 1, After: "1 or 1"},
	} {
		var meter zoho.Meter
		if _, _, err := newClient(t, always(204, "")).Metered(&meter).LockedRecords(t.Context(), q); err == nil || meter.Calls != 0 {
			t.Errorf("%+v: error %v, %d calls", q, err, meter.Calls)
		}
	}
	if _, err := newClient(t, always(204, "")).Records(t.Context(), "Deals/1", ""); err == nil {
		t.Error("a module that is a path was taken")
	}
}

func TestTotalLocked(t *testing.T) {
	for name, tt := range map[string]struct {
		body   string
		status int
		want   int64
		bad    bool
	}{
		"a figure":       {`{"data":[{"total":25000}]}`, 200, 25000, false},
		"text":           {`{"data":[{"total":"3"}]}`, 200, 3, false},
		"none":           {``, 204, 0, false},
		"no figure":      {`{"data":[{"id":"3"}]}`, 200, 0, true},
		"more than one":  {`{"data":[{"total":1},{"total":2}]}`, 200, 0, true},
		"below nothing":  {`{"data":[{"total":-1}]}`, 200, 0, true},
		"not understood": {`{"code":"SYNTAX_ERROR","details":{},"message":"…","status":"error"}`, 400, 0, true},
	} {
		var meter zoho.Meter
		got, err := newClient(t, always(tt.status, tt.body)).Metered(&meter).TotalLocked(t.Context(), zoho.LockedQuery{Module: "Deals"})
		if got != tt.want || (err != nil) != tt.bad || meter.Credits != 1 {
			t.Errorf("%s: got %d, %v for %d credits", name, got, err, meter.Credits)
		}
	}
}

func TestRecords(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want zoho.RecordsPage
		bad  bool
	}{
		"a page": {`{"data":[{"id":"8","Locked__s":true},{"id":"9","Locked__s":false},{"id":"7"}],"info":{"more_records":true,"next_page_token":"a/b"}}`,
			zoho.RecordsPage{IDs: []string{"8", "9", "7"}, States: []zoho.LockState{zoho.StateLocked, zoho.StateUnlocked, zoho.StateUnsaid}, Next: "a/b"}, false},
		"the last":            {`{"data":[{"id":"8","Locked__s":true}],"info":{"more_records":false,"next_page_token":null}}`, zoho.RecordsPage{IDs: []string{"8"}, States: []zoho.LockState{zoho.StateLocked}}, false},
		"more, and no way on": {`{"data":[{"id":"8"}],"info":{"more_records":true}}`, zoho.RecordsPage{}, true},
		"no id":               {`{"data":[{}]}`, zoho.RecordsPage{}, true},
		"the end of tokens":   {`{"code":"PAGINATION_LIMIT_EXCEEDED","details":{"limit":100000},"message":"…","status":"error"}`, zoho.RecordsPage{}, true},
	} {
		var asked url.Values
		end := farEnd(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.Query()
			if strings.Contains(tt.body, `"code"`) {
				return reply(400, tt.body), nil
			}
			return reply(200, tt.body), nil
		})
		got, err := newClient(t, end).Records(t.Context(), "Leads", "x&y")
		if (err != nil) != tt.bad || !slices.Equal(got.IDs, tt.want.IDs) || !slices.Equal(got.States, tt.want.States) || got.Next != tt.want.Next {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if asked.Get("page_token") != "x&y" || asked.Get("converted") != "both" || asked.Get("per_page") != "200" {
			t.Errorf("asked %v", asked)
		}
	}
}

// Against the simulator: queries and listings find the same records.
func TestLockedRecordsOverTheWire(t *testing.T) {
	org, err := sim.New(sim.Config{Records: func(yield func(sim.Record) bool) {
		for i := range 450 {
			r := sim.Record{Module: "Deals", ID: fmt.Sprint(i + 1)}
			if i%3 == 0 {
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
	for _, quoted := range []bool{false, true} {
		q := zoho.LockedQuery{Module: "Deals", Limit: 40, Quoted: quoted}
		if n, err := client.TotalLocked(t.Context(), q); err != nil || n != 150 {
			t.Errorf("quoted %v: a total of %d, %v", quoted, n, err)
		}
		found := map[string]bool{}
		for more := true; more; {
			var ids []string
			if ids, more, err = client.LockedRecords(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				found[id] = true
			}
			q.After = ids[len(ids)-1]
		}
		if len(found) != 150 {
			t.Errorf("quoted %v: %d found", quoted, len(found))
		}
	}
	locked, all, token := 0, 0, ""
	for {
		page, err := client.Records(t.Context(), "Deals", token)
		if err != nil {
			t.Fatal(err)
		}
		all += len(page.IDs)
		for _, s := range page.States {
			if s == zoho.StateLocked {
				locked++
			}
		}
		if token = page.Next; token == "" {
			break
		}
	}
	if locked != 150 || all != 450 {
		t.Errorf("listed %d of %d", locked, all)
	}
}
