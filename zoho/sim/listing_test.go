package sim_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// leads are n of them, with the ids 1 to n.
func leads(n int) sim.Config {
	return sim.Config{Seed: oneSeed, Records: func(yield func(sim.Record) bool) {
		for i := range n {
			if !yield(lead(strconv.Itoa(i + 1))) {
				return
			}
		}
	}}
}

type listed struct {
	Data []struct {
		ID                          string `json:"id"`
		Created_Time, Modified_Time string
	}
	Info struct {
		Count, Page  int
		More         bool    `json:"more_records"`
		Token        *string `json:"next_page_token"`
		Expiry       *string `json:"page_token_expiry"`
		By           string  `json:"sort_by"`
		Order        string  `json:"sort_order"`
		PerPage      int     `json:"per_page"`
		PreviousPage *string `json:"previous_page_token"`
	}
}

func TestPageTokensLeadPastTwoThousand(t *testing.T) {
	o := found(t, leads(2500))
	path := "/crm/v8/Leads?fields=id,Locked__s&per_page=200"
	var got []string
	for pages := 1; ; pages++ {
		r := call(t, o, http.MethodGet, path, "")
		var l listed
		unmarshal(t, r, &l)
		if l.Info.Page != pages || l.Info.Count != len(l.Data) || l.Info.More != (l.Info.Token != nil) {
			t.Fatalf("page %d: %+v", pages, l.Info)
		}
		for _, row := range l.Data {
			got = append(got, row.ID)
		}
		if !l.Info.More {
			break
		}
		path = "/crm/v8/Leads?fields=id,Locked__s&per_page=200&page_token=" + url.QueryEscape(*l.Info.Token)
	}
	if len(got) != 2500 || got[0] != "2500" || got[2499] != "1" {
		t.Errorf("%d records, %s to %s", len(got), got[0], got[len(got)-1])
	}
}

func TestPageTokensAreBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := found(t, leads(500))
		var l listed
		unmarshal(t, call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id", ""), &l)
		token := url.QueryEscape(*l.Info.Token)
		for _, tt := range []struct{ name, query, code string }{
			{"other fields", "?fields=Name&page_token=" + token, "TOKEN_BOUND_DATA_MISMATCH"},
			{"another size", "?fields=id&per_page=10&page_token=" + token, "TOKEN_BOUND_DATA_MISMATCH"},
			{"altered", "?fields=id&page_token=x" + token, "TOKEN_BOUND_DATA_MISMATCH"},
			{"led elsewhere", "?fields=id&page_token=" + led(t, *l.Info.Token), "TOKEN_BOUND_DATA_MISMATCH"},
			{"with a page", "?fields=id&page=2&page_token=" + token, "AMBIGUITY_DURING_PROCESSING"},
			{"as it was given", "?fields=id&page_token=" + token, ""},
		} {
			r := call(t, o, http.MethodGet, "/crm/v8/Leads"+tt.query, "")
			if got := r.said(t); got != tt.code {
				t.Errorf("%s: %q, want %q: %.200s", tt.name, got, tt.code, r.text)
			}
		}
		time.Sleep(24 * time.Hour)
		if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id&page_token="+token, ""); r.said(t) != "EXPIRED_VALUE" {
			t.Errorf("a day later: %+v", r)
		}
	})
}

// led is a page token that somebody has made lead to another place.
func led(t *testing.T, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(token)
	other := bytes.Replace(text, []byte(`"n":200`), []byte(`"n":400`), 1)
	if err != nil || bytes.Equal(text, other) {
		t.Fatalf("token %s: %v", text, err)
	}
	return base64.RawURLEncoding.EncodeToString(other)
}

func TestPageTokensEndAtAHundredThousand(t *testing.T) {
	o := found(t, leads(100_400))
	path, n := "/crm/v8/Leads?fields=id", 0
	for {
		r := call(t, o, http.MethodGet, path, "")
		if r.status != http.StatusOK {
			if r.said(t) != "PAGINATION_LIMIT_EXCEEDED" || n != 100_000 {
				t.Errorf("after %d: %+v", n, r)
			}
			return
		}
		var l listed
		unmarshal(t, r, &l)
		n += len(l.Data)
		path = "/crm/v8/Leads?fields=id&page_token=" + url.QueryEscape(*l.Info.Token)
	}
}

func TestListingsAreSorted(t *testing.T) {
	o := found(t, leads(300))
	for _, tt := range []struct {
		query string
		by    func(l listed, i int) string
		asc   bool
	}{
		{"", func(l listed, i int) string { return fmt.Sprintf("%9s", l.Data[i].ID) }, false},
		{"&sort_by=id&sort_order=asc", func(l listed, i int) string { return fmt.Sprintf("%9s", l.Data[i].ID) }, true},
		{"&sort_by=Created_Time", func(l listed, i int) string { return l.Data[i].Created_Time }, false},
		{"&sort_by=Modified_Time&sort_order=asc", func(l listed, i int) string { return l.Data[i].Modified_Time }, true},
	} {
		var l listed
		unmarshal(t, call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id,Created_Time,Modified_Time"+tt.query, ""), &l)
		if len(l.Data) != 200 || (l.Info.Order == "asc") != tt.asc {
			t.Fatalf("%s: %d rows, %+v", tt.query, len(l.Data), l.Info)
		}
		for i := 1; i < len(l.Data); i++ {
			if a, b := tt.by(l, i-1), tt.by(l, i); a != b && (a < b) != tt.asc {
				t.Fatalf("%s: %s before %s", tt.query, a, b)
			}
		}
	}
	for query, want := range map[string]string{
		"&sort_by=Name": "INVALID_DATA", "&sort_order=up": "INVALID_DATA", "&converted=perhaps": "INVALID_DATA",
		"&converted=both": "", "&approved=both": "",
	} {
		if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id"+query, ""); r.said(t) != want {
			t.Errorf("%s: %.200s", query, r.text)
		}
	}
	if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id&converted=true", ""); r.status != http.StatusNoContent {
		t.Errorf("converted ones: %+v", r)
	}
}

func TestOneRecord(t *testing.T) {
	o := found(t, holding(lockedLead(someID), sim.Record{Module: "Deals", ID: "9", Name: "Big one"}))
	row := call(t, o, http.MethodGet, "/crm/v8/Leads/"+someID, "").row(t)
	owner, _ := row["Owner"].(map[string]any)
	if row["id"] != someID || row["Locked__s"] != true || row["$locked_for_me"] != true || owner["email"] != "lena.hart@example.com" ||
		row["Full_Name"] == nil || row["Created_Time"] == nil {
		t.Errorf("record %v", row)
	}
	if row := call(t, o, http.MethodGet, "/crm/v8/Deals/9?fields=Deal_Name,Nonsense", "").row(t); row["Deal_Name"] != "Big one" || len(row) != 2 {
		t.Errorf("record %v", row)
	}
	for path, want := range map[string]string{
		"/crm/v8/Leads/77": "INVALID_DATA", "/crm/v8/Nowhere/9": "INVALID_MODULE", "/crm/v8/Leads/abc": "INVALID_URL_PATTERN",
	} {
		if r := call(t, o, http.MethodGet, path, ""); r.said(t) != want {
			t.Errorf("%s: %+v", path, r)
		}
	}
	o.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.OpRecord}})
	if r := call(t, o, http.MethodGet, "/crm/v8/Leads/"+someID, ""); r.said(t) != "NO_PERMISSION" {
		t.Errorf("without permission: %+v", r)
	}
	if log := o.Log(); log[0].Op != sim.OpRecord || log[0].ID != someID || strings.Contains(log[0].Code, "INVALID") {
		t.Errorf("event %+v", log[0])
	}
}
