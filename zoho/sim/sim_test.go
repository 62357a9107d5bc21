package sim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

const (
	base    = "https://www.zohoapis.com"
	someID  = "5843104000000425565"
	reason  = `{"data":[{"Locked_Reason__s":"closing of the quarter"}]}`
	allOf   = "?fields=Locked_For__s,Locked_Reason__s,Lock_Source__s,Locked_Time__s,Locked_By__s,Record_Locking_Rule_Id__s,Record_Locking_Configuration_Id__s,Owner,Parent_Id"
	oneSeed = 7
)

// found makes an organisation that ends with the test.
func found(t *testing.T, cfg sim.Config) *sim.Org {
	t.Helper()
	o, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// holding is a configuration with these records.
func holding(records ...sim.Record) sim.Config {
	return sim.Config{Seed: oneSeed, Records: slices.Values(records)}
}

func lead(id string) sim.Record { return sim.Record{Module: "Leads", ID: id} }

func lockedLead(id string) sim.Record {
	r := lead(id)
	r.Lock = &sim.Lock{Reason: "deal in progress", By: sim.Patricia()}
	return r
}

func list(id string) string { return "/crm/v8/Leads/" + id + "/Locking_Information__s" }

func one(id, lock string) string { return list(id) + "/" + lock }

// reply is an answer read to its end, or the error that came instead.
type reply struct {
	status int
	header http.Header
	text   string
	err    error
}

// ask sends one signed request through rt and reads the answer.
func ask(t *testing.T, o *sim.Org, rt http.RoundTripper, method, url, body string) reply {
	t.Helper()
	return send(t, rt, method, url, body, "Zoho-oauthtoken "+o.Token())
}

func send(t *testing.T, rt http.RoundTripper, method, url, body, authorization string) reply {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = base + url
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text), err}
}

// call asks in process.
func call(t *testing.T, o *sim.Org, method, path, body string) reply {
	t.Helper()
	return ask(t, o, o.Transport(), method, path, body)
}

// said is the code of the first error or receipt in the answer.
func (r reply) said(t *testing.T) string {
	t.Helper()
	row := r.row(t)
	code, _ := row["code"].(string)
	if e, ok := row["error"].(string); ok && code == "" {
		return e
	}
	return code
}

// row is data[0] of the body, or the body.
func (r reply) row(t *testing.T) map[string]any {
	t.Helper()
	if r.text == "" {
		return nil
	}
	doc := decode(t, r.text)
	if rows, ok := doc["data"].([]any); ok && len(rows) > 0 {
		return rows[0].(map[string]any)
	}
	return doc
}

func (r reply) detail(t *testing.T, name string) any {
	t.Helper()
	details, _ := r.row(t)["details"].(map[string]any)
	return details[name]
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in %.200q", err, text)
	}
	return doc
}

// lockID locks the record and returns the id of the lock.
func lockID(t *testing.T, o *sim.Org, id string) string {
	t.Helper()
	r := call(t, o, http.MethodPost, list(id), reason)
	lock, ok := r.detail(t, "id").(string)
	if r.status != http.StatusCreated || !ok {
		t.Fatalf("lock %s: %+v", id, r)
	}
	return lock
}

// events are those of the log that f picks.
func events(o *sim.Org, f func(sim.Event) bool) []sim.Event {
	return slices.Collect(func(yield func(sim.Event) bool) {
		for _, e := range o.Log() {
			if f(e) && !yield(e) {
				return
			}
		}
	})
}

func applied(e sim.Event) bool { return e.Applied }
