package proof_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zlock/zoho"
	"zlock/zoho/sim"
)

// live is an organisation in which one record may be locked and unlocked, and how the cases reach it.
type live struct {
	client *zoho.Client
	ear    *ear
	record zoho.Record // not locked when the cases begin
	spare  string      // a module without a configuration, which may be given one for a moment; "" for none
	mark   string      // stands in the reasons of our locks: no other is ever taken away
}

// ear keeps the latest answer.
type ear struct {
	next   http.RoundTripper
	status int
	body   []byte
}

func (e *ear) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if e.body, err = io.ReadAll(io.LimitReader(resp.Body, 16<<20)); err != nil {
		return nil, err
	}
	e.status = resp.StatusCode
	resp.Body = io.NopCloser(strings.NewReader(string(e.body)))
	return resp, nil
}

// newLive makes a client that is slow on purpose: two calls at once, and a hundred in all.
func newLive(t *testing.T, api string, signIn zoho.TokenConfig, record zoho.Record, spare string) *live {
	t.Helper()
	l := &live{ear: &ear{next: zoho.NewTransport(2)}, record: record, spare: spare, mark: "zlock live " + rand.Text()[:8]}
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, MaxCredits: 100})
	tokens, err := zoho.NewTokens(signIn)
	if err != nil {
		t.Fatal(err)
	}
	if l.client, err = zoho.New(zoho.Config{API: api, Tokens: tokens, Limiter: limiter, Transport: l.ear}); err != nil {
		t.Fatal(err)
	}
	return l
}

// onSimulator is a simulated organisation behind a socket, with a record that is locked as told.
func onSimulator(t *testing.T, lock *sim.Lock) (*live, *sim.Org) {
	t.Helper()
	record := sim.Record{Module: "Leads", ID: "5843104000000425565", Name: "Theola Frey (Sample)", Lock: lock}
	org, err := sim.New(sim.Config{
		Records: slices.Values([]sim.Record{record}),
		Modules: map[string]sim.Module{"Leads": {}, "Cases": {Locking: sim.NotConfigured}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = org.Close() })
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	signIn := zoho.TokenConfig{AccessToken: zoho.NewSecret(org.Token())}
	return newLive(t, server.URL, signIn, zoho.Record{Module: record.Module, ID: record.ID}, "Cases"), org
}

// TestLiveCasesOnTheSimulator: what is asked of a sandbox holds for the simulator, over a socket.
func TestLiveCasesOnTheSimulator(t *testing.T) {
	l, _ := onSimulator(t, nil)
	l.hold(t)
}

// TestLiveTidies: a case that stopped half way leaves nothing, and nobody else's lock is taken away.
func TestLiveTidies(t *testing.T) {
	l, org := onSimulator(t, nil)
	if _, err := l.client.CreateLock(t.Context(), l.record, l.mark+", changed"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.client.CreateConfiguration(t.Context(), l.spare, zoho.Configuration{LockType: zoho.LockManual}); err != nil {
		t.Fatal(err)
	}
	l.tidy(t)
	l.unconfigure(t)
	if lock, locked := org.Lock(l.record.Module, l.record.ID); locked {
		t.Errorf("left locked: %+v", lock)
	}
	if left, err := l.client.GetConfiguration(t.Context(), l.spare); left != nil || err != nil {
		t.Errorf("left configured: %+v, %v", left, err)
	}
	l, org = onSimulator(t, &sim.Lock{Reason: "zlock live of another time", By: sim.Patricia()})
	l.tidy(t)
	if _, locked := org.Lock(l.record.Module, l.record.ID); !locked {
		t.Error("another's lock was taken away")
	}
}

// hold goes through all cases. What they make they take away again, however they end.
func (l *live) hold(t *testing.T) {
	ctx := t.Context()
	if locks, err := l.client.ListLocks(ctx, l.record); err != nil || len(locks) > 0 {
		t.Fatalf("%s must be there and not be locked: %d locks, %v", l.record, len(locks), err)
	}
	t.Cleanup(func() { l.tidy(t) })
	t.Run("a lock, from its making to its end", l.holdLock)
	t.Run("refusals", l.holdRefusals)
	t.Run("settings", l.holdSettings)
	if l.spare != "" {
		t.Run("a configuration, from its making to its end", l.holdConfiguration)
	}
}

// tidy takes our lock away where a case that failed has left it; the test's context is over by then.
func (l *live) tidy(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	locks, err := l.client.ListLocks(ctx, l.record)
	for _, lock := range locks {
		if strings.Contains(lock.Reason, l.mark) {
			err = errors.Join(err, l.client.DeleteLock(ctx, l.record, lock.ID))
		}
	}
	if err != nil {
		t.Errorf("%s may still be locked (%q): %v", l.record, l.mark, err)
	}
}

func (l *live) holdLock(t *testing.T) {
	ctx := t.Context()
	_, err := l.client.ListLocks(ctx, l.record)
	l.heard(t, err, "list_not_locked")
	receipt, err := l.client.CreateLock(ctx, l.record, l.mark)
	l.heard(t, err, "lock_ok")
	locks, err := l.client.ListLocks(ctx, l.record)
	l.heard(t, err, "list_manual")
	if len(locks) != 1 || locks[0].ID != receipt.LockID || locks[0].Reason != l.mark || locks[0].Source != zoho.Manual {
		t.Fatalf("locks %+v, want the one that %+v promised", locks, receipt)
	}
	_, err = l.client.GetLock(ctx, l.record, receipt.LockID)
	l.heard(t, err, "get_ok")
	_, err = l.client.CreateLock(ctx, l.record, l.mark)
	l.refused(t, err, zoho.AlreadyLocked, "lock_already_locked")
	states, err := l.client.LockStates(ctx, l.record.Module, []string{l.record.ID})
	if err != nil || states[0] != zoho.StateLocked {
		t.Errorf("a bulk read says %v, %v", states, err)
	}
	l.heard(t, l.client.UpdateReason(ctx, l.record, receipt.LockID, l.mark+", changed"), "reason_ok")
	if lock, err := l.client.GetLock(ctx, l.record, receipt.LockID); err != nil || lock == nil || lock.Reason != l.mark+", changed" {
		t.Errorf("after the change of reason: %+v, %v", lock, err)
	}
	l.heard(t, l.client.DeleteLock(ctx, l.record, receipt.LockID), "unlock_ok")
	_, err = l.client.GetLock(ctx, l.record, receipt.LockID)
	l.heard(t, err, "get_gone")
	l.refused(t, l.client.UpdateReason(ctx, l.record, receipt.LockID, l.mark), zoho.LockUnknown, "reason_lock_unknown")
	l.refused(t, l.client.DeleteLock(ctx, l.record, receipt.LockID), zoho.LockUnknown, "unlock_lock_unknown")
}

// holdRefusals asks for what cannot be: none of it has an effect.
func (l *live) holdRefusals(t *testing.T) {
	ctx := t.Context()
	_, err := l.client.CreateLock(ctx, zoho.Record{Module: l.record.Module, ID: "1"}, l.mark)
	l.refused(t, err, zoho.RecordUnknown, "lock_record_unknown")
	_, err = l.client.CreateLock(ctx, zoho.Record{Module: "Zlock_No_Such_Module", ID: "1"}, l.mark)
	l.refused(t, err, zoho.ModuleUnknown, "lock_module_unknown")
	_, err = l.client.GetConfiguration(ctx, "Zlock_No_Such_Module")
	l.refused(t, err, zoho.ModuleUnknown, "config_get_module_unknown")
}

func (l *live) holdSettings(t *testing.T) {
	ctx := t.Context()
	_, err := l.client.CurrentUser(ctx)
	l.heard(t, err, "user_ok")
	modules, err := l.client.Modules(ctx)
	if err != nil || !slices.ContainsFunc(modules, func(m zoho.Module) bool { return m.APIName == zoho.LockingModule }) {
		t.Errorf("%s is not among %d modules, %v", zoho.LockingModule, len(modules), err)
	}
	_, err = l.client.Module(ctx, l.record.Module)
	l.heard(t, err, "module_ok")
	_, err = l.client.Profiles(ctx)
	l.heard(t, err, "profiles_ok")
	fields, err := l.client.Fields(ctx, zoho.LockingModule)
	l.heard(t, err, "fields_locking")
	for _, name := range []string{"Locked_Reason__s", "Lock_Source__s", "Locked_For__s", "Locked_Time__s", "Locked_By__s", "Feature_Type__s"} {
		if !slices.ContainsFunc(fields, func(f zoho.Field) bool { return f.APIName == name }) {
			t.Errorf("%s is not among the fields of a lock", name)
		}
	}
	_, more, err := l.client.CountLocked(ctx, l.record.Module)
	t.Logf("finding: counting locked records: more %v, %v", more, err)
	configuration, err := l.client.GetConfiguration(ctx, l.record.Module)
	if err != nil || configuration == nil || configuration.LockType == zoho.LockAutomatic {
		t.Errorf("the configuration of %s: %+v, %v", l.record.Module, configuration, err)
	}
}

// holdConfiguration gives the spare module a configuration and takes it away again.
func (l *live) holdConfiguration(t *testing.T) {
	ctx := t.Context()
	if found, err := l.client.GetConfiguration(ctx, l.spare); err != nil || found != nil {
		t.Fatalf("%s must have no configuration: %+v, %v", l.spare, found, err)
	}
	l.heard(t, nil, "config_get_none")
	t.Cleanup(func() { l.unconfigure(t) })
	_, err := l.client.CreateConfiguration(ctx, l.spare, zoho.Configuration{LockType: "sometimes"})
	l.refused(t, err, zoho.RequestRefused, "config_update_lock_type")
	_, err = l.client.CreateConfiguration(ctx, l.spare, zoho.Configuration{LockType: zoho.LockAutomatic})
	l.refused(t, err, zoho.RequestRefused, "config_update_rules_missing")
	id, err := l.client.CreateConfiguration(ctx, l.spare, zoho.Configuration{LockType: zoho.LockManual})
	l.heard(t, err, "config_create_ok")
	_, err = l.client.CreateConfiguration(ctx, l.spare, zoho.Configuration{LockType: zoho.LockManual})
	l.refused(t, err, zoho.RequestRefused, "config_create_exists")
	made, err := l.client.GetConfiguration(ctx, l.spare)
	if err != nil || made == nil || made.LockType != zoho.LockManual || !slices.Contains(made.Actions, "update") {
		t.Fatalf("made %+v, %v", made, err)
	}
	made.Actions = append(made.Actions, "delete")
	_, err = l.client.UpdateConfiguration(ctx, l.spare, *made)
	l.heard(t, err, "config_update_ok")
	again, err := l.client.GetConfiguration(ctx, l.spare)
	if err != nil || again == nil || !slices.Contains(again.Actions, "delete") {
		t.Errorf("changed %+v, %v", again, err)
	}
	l.heard(t, l.client.DeleteConfiguration(ctx, l.spare, id), "config_delete_ok")
}

// unconfigure takes away the configuration that a case which failed has left to the spare module.
func (l *live) unconfigure(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	left, err := l.client.GetConfiguration(ctx, l.spare)
	if left != nil {
		err = l.client.DeleteConfiguration(ctx, l.spare, left.ID)
	}
	if err != nil {
		t.Errorf("%s may still have a configuration: %v", l.spare, err)
	}
}

// refused expects an error of that kind, in the words of the example.
func (l *live) refused(t *testing.T, err error, kind zoho.Kind, example string) {
	t.Helper()
	var e *zoho.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Errorf("%s: got %v, want %s; the answer was %d %s", example, err, kind, l.ear.status, l.ear.body)
		return
	}
	l.heard(t, nil, example)
}

// heard holds the latest answer to an example: its status, and all its keys. What the answer has beyond it,
// and other words, are findings.
func (l *live) heard(t *testing.T, err error, name string) {
	t.Helper()
	text, failed := os.ReadFile(filepath.Join("..", "zoho", "testdata", "answers", name+".json"))
	var e struct {
		Response struct {
			Status int
			Body   any
		}
	}
	if failed == nil {
		failed = json.Unmarshal(text, &e)
	}
	if failed != nil {
		t.Fatal(failed)
	}
	if err != nil || l.ear.status != e.Response.Status {
		t.Errorf("%s: %v; the answer was %d %s", name, err, l.ear.status, l.ear.body)
		return
	}
	var got any
	if e.Response.Body != nil {
		if err := json.Unmarshal(l.ear.body, &got); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
	hear(t, name, e.Response.Body, got)
}

func hear(t *testing.T, where string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for key, v := range w {
			if has, ok := g[key]; ok {
				hear(t, where+"."+key, v, has)
			} else {
				t.Errorf("%s: the answer has no key %s", where, key)
			}
		}
		for key := range g {
			if _, ok := w[key]; !ok {
				t.Logf("finding: %s: the answer has the key %s, the example not", where, key)
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(w) > 0 && len(g) == 0 {
			t.Errorf("%s: the answer's list is empty", where)
		}
		for i := range min(len(w), len(g), 1) {
			hear(t, where+"[]", w[i], g[i])
		}
	case string:
		if strings.HasSuffix(where, ".code") || strings.HasSuffix(where, ".status") && !strings.Contains(where, "users") {
			if want != got {
				t.Errorf("%s: %v, want %v", where, got, want)
			}
		} else if strings.HasSuffix(where, ".message") && want != got {
			t.Logf("finding: %s: %q where the example has %q", where, got, want)
		}
	}
}
