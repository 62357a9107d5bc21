package sim_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

func TestRecordsByID(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("1,", 101), ",")
	tests := []struct {
		name, query string
		status      int
		code        string
		ids         string
	}{
		{"some of them unknown", "?fields=id,Locked__s&ids=2,1,9,1", 200, "", "2:false 1:true"},
		{"all of them unknown", "?fields=id&ids=8,9", 204, "", ""},
		{"no fields", "?ids=1", 400, "REQUIRED_PARAM_MISSING", ""},
		{"too many fields", "?ids=1&fields=" + strings.Repeat("a,", 50) + "a", 400, "LIMIT_EXCEEDED", ""},
		{"a hundred ids", "?fields=id,Locked__s&ids=" + many[2:], 200, "", "1:true"},
		{"a hundred and one ids", "?fields=id&ids=" + many, 400, "LIMIT_EXCEEDED", ""},
		{"an id that is no number", "?fields=id&ids=1,x", 400, "INVALID_DATA", ""},
	}
	o := found(t, holding(lockedLead("1"), lead("2")))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t, o, http.MethodGet, "/crm/v8/Leads"+tt.query, "")
			if r.status != tt.status || (tt.code != "" && r.said(t) != tt.code) {
				t.Fatalf("%+v", r)
			}
			if got := lockState(t, r); tt.code == "" && got != tt.ids {
				t.Errorf("rows %q, want %q", got, tt.ids)
			}
		})
	}
	r := call(t, o, http.MethodGet, "/crm/v8/Leads?ids=2&fields=Name,$locked_for_me", "")
	if row := r.row(t); row["Name"] != "Leads 0002 (Sample)" || row["$locked_for_me"] != false || row["id"] != "2" {
		t.Errorf("row %v", row)
	}
	if r := call(t, o, http.MethodGet, "/crm/v8/Deals?fields=id", ""); r.said(t) != "INVALID_MODULE" {
		t.Errorf("an unknown module: %+v", r)
	}
	o.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.OpRecords}})
	if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id", ""); r.said(t) != "NO_PERMISSION" {
		t.Errorf("without permission: %+v", r)
	}
}

// lockState is "id:locked" of each row.
func lockState(t *testing.T, r reply) string {
	t.Helper()
	if r.text == "" {
		return ""
	}
	rows, _ := decode(t, r.text)["data"].([]any)
	var got []string
	for _, row := range rows {
		m := row.(map[string]any)
		got = append(got, fmt.Sprintf("%v:%v", m["id"], m["Locked__s"]))
	}
	return strings.Join(got, " ")
}

func TestPagesOfAModule(t *testing.T) {
	var recs []sim.Record
	for i := range 2300 {
		recs = append(recs, lead(strconv.Itoa(i+1)))
	}
	o := found(t, holding(recs...))
	var got []string
	for page := 1; ; page++ {
		r := call(t, o, http.MethodGet, fmt.Sprintf("/crm/v8/Leads?fields=id&page=%d", page), "")
		if r.status != http.StatusOK {
			if r.said(t) != "DISCRETE_PAGINATION_LIMIT_EXCEEDED" {
				t.Errorf("page %d: %+v", page, r)
			}
			break
		}
		for _, row := range decode(t, r.text)["data"].([]any) {
			got = append(got, row.(map[string]any)["id"].(string))
		}
	}
	if len(got) != 2000 || got[0] != "2300" || got[1999] != "301" {
		t.Errorf("%d records, %s to %s", len(got), got[0], got[len(got)-1])
	}
	if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id&per_page=201", ""); r.said(t) != "LIMIT_EXCEEDED" {
		t.Errorf("%+v", r)
	}
	last := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id&per_page=7&page=2", "")
	if info := decode(t, last.text)["info"].(map[string]any); info["more_records"] != true || info["count"] != 7.0 {
		t.Errorf("info %v", info)
	}
}

func TestManyRecordsTakeLittleRoom(t *testing.T) {
	const n = 1_000_000
	cfg := sim.Config{Records: func(yield func(sim.Record) bool) {
		for i := range n {
			if !yield(sim.Record{Module: "Leads", ID: strconv.Itoa(5843104000000000000 + i)}) {
				return
			}
		}
	}}
	before := heap()
	o := found(t, cfg)
	if used := heap() - before; used > 32<<20 {
		t.Errorf("%d records take %d MiB", n, used>>20)
	}
	lockID(t, o, "5843104000000999999")
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestSeedingRefuses(t *testing.T) {
	tests := []struct {
		name string
		rec  sim.Record
		want string
	}{
		{"an id that is no number", lead("abc"), `id "abc"`},
		{"no id", lead(""), `id ""`},
		{"an id beyond int64", lead("9999999999999999999"), "int64"},
		{"a negative id", lead("-5"), `id "-5"`},
		{"a strange source", sim.Record{Module: "Leads", ID: "1", Lock: &sim.Lock{Source: "Odd"}}, `"Odd"`},
		{"a strange lock id", sim.Record{Module: "Leads", ID: "1", Lock: &sim.Lock{ID: "x"}}, `lock id "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sim.New(holding(lead("7"), tt.rec))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "record 2") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestModulesOutsideTheMapDoNotExist(t *testing.T) {
	cfg := holding(lead("1"), sim.Record{Module: "Deals", ID: "2"})
	cfg.Modules = map[string]sim.Module{"Deals": {}}
	o := found(t, cfg)
	if r := call(t, o, http.MethodPost, list("1"), reason); r.said(t) != "INVALID_MODULE" {
		t.Errorf("Leads: %+v", r)
	}
	if r := call(t, o, http.MethodPost, "/crm/v8/Deals/2/Locking_Information__s", reason); r.status != http.StatusCreated {
		t.Errorf("Deals: %+v", r)
	}
}

func TestTheLastMentionCounts(t *testing.T) {
	o := found(t, holding(lockedLead("1"), lead("2"), lead("1"), lockedLead("2")))
	var got []string
	for r := range o.Locks() {
		got = append(got, r.Module+" "+r.ID+" "+r.Lock.Reason)
	}
	if want := []string{"Leads 2 deal in progress"}; !slices.Equal(got, want) {
		t.Errorf("locks %q, want %q", got, want)
	}
}

func TestRecordsLimitOfIDs(t *testing.T) {
	cfg := holding(lead("1"), lead("2"), lead("3"))
	cfg.MaxIDs = 2
	o := found(t, cfg)
	if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id&ids=1,2", ""); r.status != 200 {
		t.Errorf("two ids: %+v", r)
	}
	if r := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id&ids=1,2,3", ""); r.said(t) != "LIMIT_EXCEEDED" {
		t.Errorf("three ids: %+v", r)
	}
}

// Converted leads are left out unless the call asks for them.
func TestRecordsConverted(t *testing.T) {
	gone := lockedLead("2")
	gone.Converted = true
	o := found(t, holding(lead("1"), gone, lead("3")))
	for query, want := range map[string]string{
		"?fields=id,Locked__s&ids=1,2,3":                 "3:false 1:false",
		"?fields=id,Locked__s&ids=1,2,3&converted=both":  "3:false 2:true 1:false",
		"?fields=id,Locked__s&ids=1,2,3&converted=true":  "2:true",
		"?fields=id,Locked__s&ids=1,2,3&converted=false": "3:false 1:false",
		"?fields=id,Locked__s":                           "3:false 1:false",
		"?fields=id,Locked__s&converted=both":            "3:false 2:true 1:false",
	} {
		if got := lockState(t, call(t, o, http.MethodGet, "/crm/v8/Leads"+query, "")); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// A module that cannot be locked has no such field.
func TestRecordsWithoutLocking(t *testing.T) {
	cfg := holding(sim.Record{Module: "Notes", ID: "1"})
	cfg.Modules = map[string]sim.Module{"Notes": {Locking: sim.Unsupported}}
	r := call(t, found(t, cfg), http.MethodGet, "/crm/v8/Notes?fields=id,Locked__s&ids=1", "")
	if _, said := r.row(t)["Locked__s"]; said || r.status != 200 {
		t.Errorf("%+v", r)
	}
}
