package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

func partOf(method, uri, body string) string {
	if body != "" {
		body = `,"body":` + body
	}
	return fmt.Sprintf(`{"sub_request_id":"1","method":%q,"uri":%q,"params":{"fields":"Locked_Reason__s"},"headers":{}%s}`, method, uri, body)
}

func compositeOf(parts ...string) string {
	return `{"rollback_on_fail":false,"parallel_execution":true,"__composite_requests":[` + strings.Join(parts, ",") + `]}`
}

// partsOf is the code, or the inner status and code, of each part.
func partsOf(t *testing.T, r reply) string {
	t.Helper()
	var doc struct {
		Parts []struct {
			Code    string
			Details struct {
				Response struct {
					Status int             `json:"status_code"`
					Body   json.RawMessage `json:"body"`
				}
			}
		} `json:"__composite_requests"`
	}
	if err := json.Unmarshal([]byte(r.text), &doc); err != nil {
		t.Fatalf("%v in %s", err, r.text)
	}
	var got []string
	for _, p := range doc.Parts {
		if p.Code != "SUCCESS" {
			got = append(got, p.Code)
			continue
		}
		got = append(got, fmt.Sprint(p.Details.Response.Status))
	}
	return strings.Join(got, " ")
}

func TestComposite(t *testing.T) {
	all := []string{
		partOf("GET", list("1"), ""), partOf("GET", list("2"), ""), partOf("POST", list("1"), reason),
		partOf("POST", list("2"), reason), partOf("POST", list("9"), reason),
	}
	tests := []struct {
		takes  sim.Composite
		parts  []string
		status int
		want   string
	}{
		{sim.CompositeNone, all, 400, "NOT_SUPPORTED NOT_SUPPORTED NOT_SUPPORTED NOT_SUPPORTED NOT_SUPPORTED"},
		{sim.CompositeReads, all, 207, "204 200 NOT_SUPPORTED NOT_SUPPORTED NOT_SUPPORTED"},
		{sim.CompositeReads, all[:2], 200, "204 200"},
		{sim.CompositeAll, all, 200, "204 200 201 403 400"},
		{sim.CompositeAll, []string{partOf("GET", "/crm/v8/users", ""), partOf("GET", "/elsewhere", "")}, 400, "NOT_SUPPORTED NOT_SUPPORTED"},
	}
	for _, tt := range tests {
		cfg := holding(lead("1"), lockedLead("2"))
		cfg.Composite = tt.takes
		o := found(t, cfg)
		r := call(t, o, http.MethodPost, "/crm/v8/__composite_requests", compositeOf(tt.parts...))
		if got := partsOf(t, r); r.status != tt.status || got != tt.want {
			t.Errorf("takes %v: %d %s, want %d %s", tt.takes, r.status, got, tt.status, tt.want)
		}
		if s := o.Stats(); s.Calls != 1 || s.Credits != 1 || s.MaxInFlight != 5 {
			t.Errorf("takes %v: %d calls, %d credits, %d at once; want 1, 1, 5", tt.takes, s.Calls, s.Credits, s.MaxInFlight)
		}
		if _, locked := o.Lock("Leads", "1"); locked != (tt.takes == sim.CompositeAll && len(tt.parts) == 5) {
			t.Errorf("takes %v: locked %v", tt.takes, locked)
		}
	}
}

func TestCompositeRefused(t *testing.T) {
	six := strings.Split(strings.Repeat(partOf("GET", list("1"), "")+"\n", 6), "\n")[:6]
	cfg := holding(lead("1"))
	cfg.Composite = sim.CompositeAll
	for body, code := range map[string]string{
		compositeOf(six...): "INVALID_DATA", compositeOf(): "MANDATORY_NOT_FOUND", "x": "INVALID_DATA",
		`{"rollback_on_fail":true,"concurrent_execution":true,"__composite_requests":[` + six[0] + `]}`: "AMBIGUITY_DURING_PROCESSING",
	} {
		if r := call(t, found(t, cfg), http.MethodPost, "/crm/v8/__composite_requests", body); r.said(t) != code {
			t.Errorf("%.60s: %+v, want %s", body, r, code)
		}
	}
	if r := call(t, found(t, cfg), http.MethodGet, "/crm/v8/__composite_requests", ""); r.said(t) != "INVALID_REQUEST_METHOD" {
		t.Errorf("by GET: %+v", r)
	}
	cfg.Concurrency = 4
	if r := call(t, found(t, cfg), http.MethodPost, "/crm/v8/__composite_requests", compositeOf(six[0])); r.status != 429 {
		t.Errorf("with four places: %+v", r)
	}
}

// A fault may strike a part alone: its effect can come without its answer.
func TestCompositePartStruck(t *testing.T) {
	cfg := holding(lead("1"), lead("2"))
	cfg.Composite = sim.CompositeAll
	cfg.Script = []sim.Fault{{Match: sim.Match{Op: sim.OpLock, IDSuffix: "2"}, Do: sim.DropAfter}}
	o := found(t, cfg)
	r := call(t, o, http.MethodPost, "/crm/v8/__composite_requests", compositeOf(partOf("POST", list("1"), reason), partOf("POST", list("2"), reason)))
	if got := partsOf(t, r); got != "201 REQUEST_TIMEOUT" {
		t.Errorf("parts %s", got)
	}
	if _, locked := o.Lock("Leads", "2"); !locked {
		t.Error("the effect did not come")
	}
}
