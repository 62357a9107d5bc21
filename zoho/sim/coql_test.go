package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

func query(t *testing.T, o *sim.Org, text string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"select_query": text})
	if err != nil {
		t.Fatal(err)
	}
	return call(t, o, http.MethodPost, "/crm/v8/coql", string(body))
}

// queried is the ids of the rows in the answer, in their order.
func queried(t *testing.T, r reply) []string {
	t.Helper()
	if r.status == http.StatusNoContent {
		return nil
	}
	if r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	var doc struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(r.text), &doc); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range doc.Data {
		ids = append(ids, row.ID)
	}
	return ids
}

// tenLeads are 1 to 10, of which 2, 5 and 8 are locked; 7 has a name of its own.
func tenLeads() sim.Config {
	var list []sim.Record
	for i := range 10 {
		r := lead(strconv.Itoa(i + 1))
		if i%3 == 1 {
			r = lockedLead(strconv.Itoa(i + 1))
		}
		if i == 6 {
			r.Name = "O'Hara & Sons"
		}
		list = append(list, r)
	}
	cfg := holding(list...)
	cfg.Modules = map[string]sim.Module{"Leads": {}, "Deals": {}, "Calls": {Locking: sim.Unsupported}}
	return cfg
}

func TestQueriesFind(t *testing.T) {
	tests := []struct{ where, want string }{
		{"Locked__s = true", "2 5 8"},
		{"Locked__s = 'true'", "2 5 8"},
		{"Locked__s = false limit 3", "1 3 4"},
		{"locked__s = true", "INVALID_QUERY"},
		{"id = 4", "4"},
		{"id != '4' limit 4", "1 2 3 5"},
		{"id > 8", "9 10"},
		{"id >= 8", "8 9 10"},
		{"id < 3", "1 2"},
		{"id <= 3", "1 2 3"},
		{"id between 3 and 5", "3 4 5"},
		{"id in (9, '1', 77)", "1 9"},
		{"id not in (1,2,3,4,5,6,7,8)", "9 10"},
		{"id is not null and Locked__s = true", "2 5 8"},
		{"id is null", ""},
		{"(Locked__s = true) and (id > 2)", "5 8"},
		{"Locked__s = true or id = 1", "1 2 5 8"},
		{"((Locked__s = true and id > 2) or id = 10)", "5 8 10"},
		{"(Locked__s = true and (id = 2 or id = 3))", "2"},
		{"Name = 'O''Hara & Sons'", "7"},
		{`Full_Name = "o'hara & sons"`, "7"},
		{"Name like 'O%'", "7"},
		{"Name like '%sons'", "7"},
		{"Name like '%hara%'", "7"},
		{"Name like 'hara'", ""},
		{"Name not like 'Leads%'", "7"},
		{"Name in ('Leads 0001 (Sample)', 'x')", "1"},
		{"Name != 'x' limit 1", "1"},
		{"Owner = 5843104000000420001 limit 2", "1 2"},
		{"Owner != 5843104000000420001", ""},
		{"Created_Time > '2001-01-01T00:00:00+05:30' limit 1", "1"},
		{"Created_Time < 2001-01-01T00:00:00Z", ""},
		{"Modified_Time between '2001-01-01T00:00:00Z' and '2999-01-01T00:00:00Z' limit 2", "1 2"},
		{"id > 0 order by id desc limit 3", "10 9 8"},
		{"id > 0 order by Name desc limit 2", "7 10"},
		{"id > 0 order by Locked__s desc, id desc limit 4", "8 5 2 10"},
		{"id > 0 limit 2, 3", "3 4 5"},
		{"id > 0 limit 3 offset 8", "9 10"},
		{"id > 0 LIMIT 1 OFFSET 20", ""},
		{"ID > 0", "INVALID_QUERY"},
	}
	o := found(t, tenLeads())
	for _, tt := range tests {
		t.Run(tt.where, func(t *testing.T) {
			r := query(t, o, "SELECT id, Name\nFROM Leads WHERE "+tt.where)
			if r.status == http.StatusBadRequest {
				if got := r.said(t); got != tt.want {
					t.Errorf("%s, want %s: %s", got, tt.want, r.text)
				}
				return
			}
			if got := strings.Join(queried(t, r), " "); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatAQueryShows(t *testing.T) {
	o := found(t, tenLeads())
	r := query(t, o, "select Name as Who, Locked__s, Owner, Created_Time, Modified_Time from Leads where id = 5")
	row := r.row(t)
	owner, _ := row["Owner"].(map[string]any)
	if row["id"] != "5" || row["Who"] != "Leads 0005 (Sample)" || row["Locked__s"] != true || owner["id"] != "5843104000000420001" || len(row) != 6 {
		t.Errorf("row %v", row)
	}
	created, err := time.Parse(time.RFC3339, row["Created_Time"].(string))
	if err != nil {
		t.Fatal(err)
	}
	modified, err := time.Parse(time.RFC3339, row["Modified_Time"].(string))
	if age := time.Since(created); err != nil || age < 364*24*time.Hour || age > 731*24*time.Hour || modified.Before(created) || time.Since(modified) < 29*24*time.Hour {
		t.Errorf("created %v, modified %v, %v", created, modified, err)
	}
	if info := decode(t, r.text)["info"].(map[string]any); info["count"] != 1.0 || info["more_records"] != false {
		t.Errorf("info %v", info)
	}
	more := decode(t, query(t, o, "select id from Leads where id > 0 limit 9").text)["info"].(map[string]any)
	if more["count"] != 9.0 || more["more_records"] != true {
		t.Errorf("info %v", more)
	}
	sums := query(t, o, "select COUNT(id), max(id), MIN(id) as Least, count(Name) as Names from Leads where Locked__s = true").row(t)
	if sums["COUNT(id)"] != 3.0 || sums["MAX(id)"] != "8" || sums["Least"] != "2" || sums["Names"] != 3.0 {
		t.Errorf("sums %v", sums)
	}
	none := query(t, o, "select COUNT(id) as n, MAX(id) from Leads where id > 100").row(t)
	if none["n"] != 0.0 || none["MAX(id)"] != nil {
		t.Errorf("sums of nothing %v", none)
	}
	meta := call(t, o, http.MethodPost, "/crm/v8/coql", `{"select_query":"select Locked__s from Leads where id = 1","include_meta":["fields"]}`)
	fields := decode(t, meta.text)["fields"].(map[string]any)
	if f := fields["Locked__s"].(map[string]any); f["data_type"] != "boolean" || f["filterable"] != true {
		t.Errorf("metadata %v", fields)
	}
}

func TestQueriesRefused(t *testing.T) {
	tests := []struct{ text, code, part string }{
		{"update Leads set id = 1", "SYNTAX_ERROR", "given coql query not supported"},
		{"", "MANDATORY_NOT_FOUND", `"api_name":"select_query"`},
		{"select id from Leads", "SYNTAX_ERROR", `"clause":"where"`},
		{"select id where id = 1", "SYNTAX_ERROR", `"clause":"from"`},
		{"select from Leads where id = 1", "SYNTAX_ERROR", `"column":8`},
		{"select id,\nfrom Leads where id = 1", "SYNTAX_ERROR", `"line":2`},
		{"select * from Leads where id = 1", "SYNTAX_ERROR", `"near":"*"`},
		{"select id from Leads where id =", "SYNTAX_ERROR", `"near":"="`},
		{"select id from Leads where id = 'x", "SYNTAX_ERROR", `"near":"'"`},
		{"select id from Leads where id ; 1", "SYNTAX_ERROR", `"near":";"`},
		{"select id from Leads where id <> 1", "SYNTAX_ERROR", `"operator":"<>"`},
		{"select id from Leads where id not = 1", "SYNTAX_ERROR", `"operator":"not"`},
		{"select id from Leads where id = 1 and id = 2 and id = 3", "SYNTAX_ERROR", `"near":"and"`},
		{"select id from Leads where (id = 1", "SYNTAX_ERROR", "error occured while parsing the query"},
		{"select id from Leads where id in 1", "SYNTAX_ERROR", `"near":"1"`},
		{"select id from Leads where id = 1 group by id", "SYNTAX_ERROR", "given coql query not supported"},
		{"select id from Leads where id = 1 nonsense", "SYNTAX_ERROR", `"near":"nonsense"`},
		{"select id from Nowhere where id = 1", "INVALID_MODULE", "the given module is not supported in api"},
		{"select id from Locking_Information__s where id = 1", "INVALID_MODULE", "not supported in api"},
		{"select Shoe_Size from Leads where id = 1", "INVALID_QUERY", `"column_name":"Shoe_Size"`},
		{"select id from Leads where Shoe_Size = 1", "INVALID_QUERY", `"column_name":"Shoe_Size"`},
		{"select id from Leads where id = 1 order by Shoe_Size", "INVALID_QUERY", `"clause":"order by"`},
		{"select Locked__s from Calls where id = 1", "INVALID_QUERY", `"column_name":"Locked__s"`},
		{"select id from Leads where Locked__s != true", "INVALID_QUERY", `"operator":"!="`},
		{"select id from Leads where Locked__s is not null", "INVALID_QUERY", `"operator":"is not null"`},
		{"select id from Leads where Name > 'a'", "INVALID_QUERY", `"reason":"invalid operator found"`},
		{"select id from Leads where Locked__s = yes", "INVALID_QUERY", "value given seems to be invalid"},
		{"select id from Leads where id = abc", "INVALID_QUERY", `"expected_data_type":"bigint"`},
		{"select id from Leads where Created_Time > yesterday", "INVALID_QUERY", `"expected_data_type":"datetime"`},
		{"select id from Leads where id > 0 limit s", "INVALID_QUERY", `"limit":"s"`},
		{"select id from Leads where id > 0 limit 0", "INVALID_DATA", "limit should be greater than 0"},
		{"select id from Leads where id > 0 limit 2001", "LIMIT_EXCEEDED", `"limit":2000`},
		{"select id from Leads where id > 0 limit 9999, 2", "LIMIT_EXCEEDED", "Max records limit exceeded"},
		{"select id from Leads where id > 0 limit 10 offset -1", "INVALID_QUERY", `"offset"`},
		{"select id from Leads where id in (" + strings.Repeat("1,", 50) + "1)", "LIMIT_EXCEEDED", `"limit":50`},
		{"select id from Leads where " + strings.Repeat("(", 25) + "id = 1" + strings.Repeat(" or id = 2)", 25), "LIMIT_EXCEEDED", `"limit":25`},
		{"select id from Leads where " + strings.Repeat("(", 100_000) + "id = 1", "SYNTAX_ERROR", `"near":"("`},
		{"select id, id from Leads where id = 1", "DUPLICATE_DATA", "duplicate select column"},
		{"select MAX(id), MAX(id) from Leads where id = 1", "DUPLICATE_DATA", `"aggregate":"MAX"`},
		{"select id from Leads where id = 1 order by id, id", "DUPLICATE_DATA", `"column_name":"id"`},
		{"select Name as x, id as x from Leads where id = 1", "DUPLICATE_ALIAS", `"alias":"x"`},
		{"select id, Name as id from Leads where id = 1", "INVALID_QUERY", "cannot be an alias name"},
		{"select id as '' from Leads where id = 1", "INVALID_ALIAS", "alias name cannot be an empty string"},
		{"select FOO(id) from Leads where id = 1", "INVALID_DATA", `"column":"FOO(id)"`},
		{"select SUM(id) from Leads where id = 1", "INVALID_QUERY", "data type not supported"},
		{"select id, COUNT(id) from Leads where id = 1", "INVALID_QUERY", "Invalid query formed"},
	}
	o := found(t, tenLeads())
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			r := query(t, o, tt.text)
			if r.status != http.StatusBadRequest || r.said(t) != tt.code || !strings.Contains(r.text, tt.part) {
				t.Errorf("%d %s, want %s with %s", r.status, r.text, tt.code, tt.part)
			}
		})
	}
	for body, part := range map[string]string{
		`[]`: "jsonobject", `{"select_query":5}`: "MANDATORY_NOT_FOUND",
		`{"select_query":"select id from Leads where id = 1","include_meta":"fields"}`: `"expected_data_type":"jsonarray"`,
		`{"select_query":"select id from Leads where id = 1","include_meta":["all"]}`:  `"supported_values":["fields"]`,
	} {
		if r := call(t, o, http.MethodPost, "/crm/v8/coql", body); r.status != http.StatusBadRequest || !strings.Contains(r.text, part) {
			t.Errorf("%s: %+v", body, r)
		}
	}
	if r := call(t, o, http.MethodGet, "/crm/v8/coql", ""); r.said(t) != "INVALID_REQUEST_METHOD" {
		t.Errorf("GET: %+v", r)
	}
	o.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpQuery}})
	if r := query(t, o, "select id from Leads where id = 1"); r.said(t) != "OAUTH_SCOPE_MISMATCH" {
		t.Errorf("without the scope: %+v", r)
	}
	o.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.AnyRead}})
	if r := query(t, o, "select id from Leads where id = 1"); r.said(t) != "NO_PERMISSION" {
		t.Errorf("without permission: %+v", r)
	}
}

// Sixty thousand locked records among a hundred thousand are found by paging by id, each once, and
// those alone.
func TestLockedRecordsAtScale(t *testing.T) {
	const n = 100_000
	o := found(t, sim.Config{Records: func(yield func(sim.Record) bool) {
		for i := range n {
			r := lead(strconv.Itoa(5843104000000000000 + i*7))
			if i%5 < 3 {
				r.Lock = &sim.Lock{Reason: "x"}
			}
			if !yield(r) {
				return
			}
		}
	}})
	last, total, calls := "0", 0, 0
	for {
		ids := queried(t, query(t, o, "select id from Leads where (Locked__s = true and id > "+last+") limit 2000"))
		calls++
		for _, id := range ids {
			l, locked := o.Lock("Leads", id)
			if !locked || l.Reason != "x" || len(id) != len(last) && last != "0" || id <= last && last != "0" {
				t.Fatalf("%s after %s, locked %v", id, last, locked)
			}
			last = id
		}
		if total += len(ids); len(ids) < 2000 {
			break
		}
	}
	if total != 60_000 || calls != 31 {
		t.Errorf("%d records by %d calls", total, calls)
	}
	if s := o.Stats(); s.Credits != 3*calls {
		t.Errorf("%d credits for %d calls", s.Credits, calls)
	}
}

// A query sees what calls have just done, and few locks among many records cost no long search.
func TestAQuerySeesTheLatestState(t *testing.T) {
	var list []sim.Record
	for i := range 400 {
		list = append(list, lead(strconv.Itoa(i+1)))
	}
	o := found(t, holding(list...))
	lock := lockID(t, o, "300")
	lockID(t, o, "20")
	const all = "select id from Leads where Locked__s = true order by id desc"
	if got := strings.Join(queried(t, query(t, o, all)), " "); got != "300 20" {
		t.Errorf("found %q", got)
	}
	call(t, o, http.MethodDelete, one("300", lock), "")
	if got := strings.Join(queried(t, query(t, o, all)), " "); got != "20" {
		t.Errorf("found %q", got)
	}
	if got := queried(t, query(t, o, "select id from Leads where Locked__s = true and id > 20")); got != nil {
		t.Errorf("found %q", got)
	}
}

// What a query costs hangs on its limit, and is still spent after a reopening.
func TestCreditsOfQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := tenLeads()
		cfg.Credits, cfg.Journal = 1000, filepath.Join(t.TempDir(), "journal")
		o := found(t, cfg)
		for limit, price := range map[int]int{1: 1, 200: 1, 201: 2, 1000: 2, 1001: 3, 2000: 3} {
			before := o.Stats().Credits
			query(t, o, fmt.Sprintf("select id from Leads where id > 0 limit %d", limit))
			if got := o.Stats().Credits - before; got != price {
				t.Errorf("limit %d costs %d, want %d", limit, got, price)
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		cfg.Credits = 13 // 12 are spent
		o = found(t, cfg)
		if r := query(t, o, "select id from Leads where id > 0"); r.status != http.StatusOK || r.header.Get("X-API-CREDITS-REMAINING") != "0" {
			t.Errorf("the last credit: %+v", r)
		}
		if r := query(t, o, "select id from Leads where id > 0"); r.status != http.StatusTooManyRequests {
			t.Errorf("beyond the last credit: %+v", r)
		}
	})
}
