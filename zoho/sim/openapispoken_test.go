package sim_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
	"zlock/zoho/sim"
)

// recorder writes down what goes through it.
type recorder struct {
	what string
	next http.RoundTripper
	mu   sync.Mutex
	all  []talk
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, talk{
		what: r.what, method: req.Method, url: req.URL.String(), request: body,
		status: resp.StatusCode, contentType: resp.Header.Get("Content-Type"), answer: answer,
	})
	return resp, nil
}

// spokenTalks are all that the client asks, and all that the organisation answers.
func spokenTalks(t *testing.T) []talk {
	t.Helper()
	return slices.Concat(exampleTalks(t), refusedTalks(t), clientTalks(t), besidesTalks(t))
}

var otherVersion = regexp.MustCompile(`^/crm/v[2-7]/`)

// exampleTalks are the examples, brought about: the answers are those that the tests hold to Zoho's
// pages. Of the requests only those of the pages are held to the files: others are wrong on purpose.
func exampleTalks(t *testing.T) []talk {
	stages := staged()
	maps.Copy(stages, settingStages(t))
	maps.Copy(stages, pageStages(t))
	var all []talk
	for _, name := range slices.Sorted(maps.Keys(stages)) {
		e := readExample(t, filepath.Join("..", "testdata", "answers", name+".json"))
		if strings.HasPrefix(e.Request.Path, "/oauth/") {
			continue
		}
		s := stages[name]
		if s.rec.ID != "" {
			s.cfg.Records = slices.Values([]sim.Record{s.rec})
		}
		if s.body == "" && (e.Request.Method == http.MethodPost || e.Request.Method == http.MethodPut) {
			s.body = reason
		}
		o := found(t, s.cfg)
		if s.auth == "" {
			s.auth = "Zoho-oauthtoken " + o.Token()
		}
		r := &recorder{what: name, next: o.Transport()}
		send(t, r, e.Request.Method, otherVersion.ReplaceAllString(e.Request.Path, "/crm/v8/"), s.body, s.auth)
		for i := range r.all {
			r.all[i].wrongRequest = !strings.HasPrefix(name, "page_")
		}
		all = append(all, r.all...)
	}
	return all
}

// refusedTalks are configurations that are refused.
func refusedTalks(t *testing.T) []talk {
	r := &recorder{}
	for _, w := range slices.Concat(wrongSettings, wrongRules) {
		o := found(t, sales())
		r.what, r.next = "wrong: "+w.name, o.Transport()
		send(t, r, http.MethodPost, settings+"?module=Deals", around(w.body), "Zoho-oauthtoken "+o.Token())
	}
	for i := range r.all {
		r.all[i].wrongRequest = true
	}
	return r.all
}

// clientTalks are the calls of every method that the client has, on an organisation where they succeed.
func clientTalks(t *testing.T) []talk {
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		cfg := sales()
		cfg.Records = slices.Values([]sim.Record{lead(someID), lockedLead("5843104000000425566")})
		cfg.Composite = sim.CompositeAll
		cfg.Latency = func() time.Duration { return time.Millisecond }
		o := found(t, cfg)
		r.next = o.Transport()
		c := newClient(t, o, r)
		for _, step := range slices.Concat(lockSteps(c), settingSteps(c)) {
			r.what = "client: " + step.name
			before := len(r.all)
			if err := step.do(t.Context()); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if len(r.all) == before {
				t.Fatalf("%s asked nothing", step.name)
			}
		}
	})
	return r.all
}

// newClient is a client of the organisation that has found out already how many calls may be in flight.
func newClient(t *testing.T, o *sim.Org, rt http.RoundTripper) *zoho.Client {
	t.Helper()
	tokens, err := zoho.NewTokens(zoho.TokenConfig{AccessToken: zoho.NewSecret(o.Token())})
	if err != nil {
		t.Fatal(err)
	}
	c, err := zoho.New(zoho.Config{API: base, Tokens: tokens, Transport: rt, Limiter: zoho.NewLimiter(zoho.LimiterConfig{Cap: 10})})
	if err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for range 40 {
		calls.Go(func() {
			if _, err := c.ListLocks(t.Context(), zoho.Record{Module: "Leads", ID: someID}); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	return c
}

// clientStep is a call of one of the client's methods.
type clientStep struct {
	name string
	do   func(context.Context) error
}

func lockSteps(c *zoho.Client) []clientStep {
	rec, held := zoho.Record{Module: "Leads", ID: someID}, zoho.Record{Module: "Leads", ID: "5843104000000425566"}
	var lock zoho.Receipt
	return []clientStep{
		{"ListLocks of none", func(ctx context.Context) error { _, err := c.ListLocks(ctx, rec); return err }},
		{"CreateLock", func(ctx context.Context) (err error) { lock, err = c.CreateLock(ctx, rec, "audit"); return err }},
		{"ListLocks", func(ctx context.Context) error { _, err := c.ListLocks(ctx, rec); return err }},
		{"GetLock", func(ctx context.Context) error { _, err := c.GetLock(ctx, rec, lock.LockID); return err }},
		{"UpdateReason", func(ctx context.Context) error { return c.UpdateReason(ctx, rec, lock.LockID, "done") }},
		{"CountLocked", func(ctx context.Context) error { _, _, err := c.CountLocked(ctx, "Leads"); return err }},
		{"LockStates", func(ctx context.Context) error { _, err := c.LockStates(ctx, "Leads", []string{someID}); return err }},
		{"Composite", func(ctx context.Context) error {
			_, err := c.Composite(ctx, []zoho.Part{
				{Op: zoho.OpListLocks, Record: held}, {Op: zoho.OpReason, Record: rec, LockID: lock.LockID, Reason: "again"},
			})
			return err
		}},
		{"DeleteLock", func(ctx context.Context) error { return c.DeleteLock(ctx, rec, lock.LockID) }},
		{"LockStates of none", func(ctx context.Context) error { _, err := c.LockStates(ctx, "Leads", []string{"7"}); return err }},
	}
}

func settingSteps(c *zoho.Client) []clientStep {
	read, err := zoho.ParseConfiguration([]byte(everyKey(`[{"name":"Done or large","lock_existing_records":true,"criteria":` + nested + `}]`)))
	wrong := func(context.Context) error { return err }
	if err != nil {
		return []clientStep{{"ParseConfiguration", wrong}}
	}
	var id string
	return []clientStep{
		{"CreateConfiguration", func(ctx context.Context) (err error) { id, err = c.CreateConfiguration(ctx, "Deals", read); return err }},
		{"GetConfiguration", func(ctx context.Context) error { _, err := c.GetConfiguration(ctx, "Deals"); return err }},
		{"UpdateConfiguration by module", func(ctx context.Context) error {
			_, err := c.UpdateConfiguration(ctx, "Deals", zoho.Configuration{LockType: zoho.LockManual})
			return err
		}},
		{"UpdateConfiguration", func(ctx context.Context) error {
			got, err := c.GetConfiguration(ctx, "Deals")
			if err == nil {
				_, err = c.UpdateConfiguration(ctx, "Deals", *got)
			}
			return err
		}},
		{"DeleteConfiguration", func(ctx context.Context) error { return c.DeleteConfiguration(ctx, "Deals", id) }},
		{"GetConfiguration of none", func(ctx context.Context) error { _, err := c.GetConfiguration(ctx, "Deals"); return err }},
		{"Modules", func(ctx context.Context) error { _, err := c.Modules(ctx); return err }},
		{"Module", func(ctx context.Context) error { _, err := c.Module(ctx, "Leads"); return err }},
		{"Fields", func(ctx context.Context) error { _, err := c.Fields(ctx, zoho.LockingModule); return err }},
		{"Profiles", func(ctx context.Context) error { _, err := c.Profiles(ctx); return err }},
		{"Organisation", func(ctx context.Context) error { _, err := c.Organisation(ctx); return err }},
		{"CurrentUser", func(ctx context.Context) error { _, err := c.CurrentUser(ctx); return err }},
	}
}

// besidesTalks are the calls that the organisation serves and the client does not make.
func besidesTalks(t *testing.T) []talk {
	cfg := sales()
	cfg.Records = slices.Values([]sim.Record{lead(someID), lockedLead("5843104000000425566")})
	o := found(t, cfg)
	r := &recorder{next: o.Transport()}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/crm/v8/__apis", ""},
		{"GET", "/crm/v8/Leads/" + someID, ""},
		{"GET", "/crm/v8/Leads?fields=Last_Name,Locked__s", ""},
		{"POST", "/crm/v8/Leads", `{"data":[{"Last_Name":"Frey","Company":"Acme"}]}`},
		{"PUT", "/crm/v8/Leads/" + someID, `{"data":[{"City":"Berlin"}]}`},
		{"PUT", "/crm/v8/Leads", `{"data":[{"id":"` + someID + `","City":"Rome"}]}`},
		{"GET", settings + "/5843104000000758004?module=Leads", ""},
		{"DELETE", settings + "?module=Leads&ids=5843104000000758004", ""},
		{"DELETE", "/crm/v8/Leads/" + someID, ""},
	} {
		r.what = "besides: " + c.method + " " + c.path
		send(t, r, c.method, c.path, c.body, "Zoho-oauthtoken "+o.Token())
	}
	return r.all
}
