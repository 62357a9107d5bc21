package sim_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// example is one file of Zoho's answers as its pages show them.
type example struct {
	Situation, Source string
	Request           struct{ Method, Path string }
	Response          struct {
		Status int
		Body   any
		Text   string
	}
}

// otherShapes are the answers that the pages show a second time in another
// form; the organisation speaks one form only.
func otherShapes() []string {
	return []string{
		"lock_ok_id_only", "lock_record_locked", "scope_missing_403", "token_html", "token_ok_milliseconds",
		"config_get_no_permission",   // 400; the page about updates has 403
		"config_update_wrong_method", // 403; the examples of all other calls have 400
	}
}

// staged says how the examples about records and tokens are brought about; settingStages has the others.
func staged() map[string]stage {
	free, held := lead(someID), lockedLead(someID)
	held.Lock.ID = "5843104000000804005"
	rule, both := held, held
	rule.Lock = &sim.Lock{ID: held.Lock.ID, Source: sim.Automatic}
	both.Lock = &sim.Lock{ID: held.Lock.ID, Source: sim.Both, By: sim.Patricia(), Reason: "deal in progress"}
	in := func(l sim.Locking) stage {
		return stage{cfg: sim.Config{Modules: map[string]sim.Module{"Leads": {Locking: l}, "Campaigns": {Locking: sim.Unsupported}}}, rec: free}
	}
	standing := func(s sim.Standing) stage { return stage{cfg: sim.Config{Standing: s}, rec: held} }
	fault := func(k sim.Kind) stage { return stage{cfg: sim.Config{Script: []sim.Fault{{Do: k}}}, rec: free} }
	token := func(form string) stage { return stage{rec: free, body: form, cfg: sim.Config{Tokens: signIn()}} }
	return map[string]stage{
		"auth_garbled": {rec: free, auth: "Bearer x"}, "token_dead": {rec: free, auth: "Zoho-oauthtoken dead"},
		"edition": standing(sim.Standing{EditionBarred: true}), "scope_missing": standing(sim.Standing{ScopeMissing: []sim.Op{sim.OpLock}}),
		"get_bad_id": {rec: held}, "get_gone": {rec: free}, "get_ok": {rec: held},
		"list_automatic": {rec: rule}, "list_both": {rec: both}, "list_manual": {rec: held}, "list_not_locked": {rec: free},
		"list_fields_missing": {rec: held}, "list_no_configuration": in(sim.NotConfigured),
		"list_profile_barred": standing(sim.Standing{ProfileBarred: true}),
		"lock_already_locked": {rec: held}, "lock_automatic_only": in(sim.LockingAutomatic), "lock_module_unknown": {rec: free},
		"lock_module_unsupported": in(sim.LockingBoth), "lock_no_configuration": in(sim.NotConfigured),
		"lock_no_permission": standing(sim.Standing{PermissionDenied: []sim.Op{sim.OpLock}}), "lock_ok": {rec: free},
		"lock_reason_missing":  {rec: free, body: `{"data":[{}]}`},
		"lock_reason_too_long": {rec: free, body: `{"data":[{"Locked_Reason__s":"` + strings.Repeat("é", 3001) + `"}]}`},
		"lock_record_unknown":  {rec: lead("5843104000000425566")}, "lock_relation_not_found": in(sim.RelationMissing),
		"reason_lock_unknown": {rec: free}, "reason_ok": {rec: held},
		"unlock_automatic": {rec: rule}, "unlock_lock_unknown": {rec: free}, "unlock_ok": {rec: held},
		"unlock_no_permission":      standing(sim.Standing{PermissionDenied: []sim.Op{sim.OpUnlock}}),
		"unlock_relation_not_found": in(sim.RelationMissing), "wrong_method": {rec: free},
		"server_fault": fault(sim.Status500Before), "html_502": fault(sim.HTML502Before),
		"throttled": fault(sim.Throttle429), "throttled_numeric": fault(sim.Throttle429Numeric),
		"throttled_credits": fault(sim.Throttle429Credits), "throttled_hint": fault(sim.Throttle429Hint),
		"token_ok": token(signInForm("client", "secret", "refresh")), "token_invalid_code": token(signInForm("client", "secret", "x")),
		"token_invalid_client":        token(signInForm("x", "secret", "refresh")),
		"token_invalid_client_secret": token(signInForm("client", "x", "refresh")),
		"token_throttled": {rec: free, body: signInForm("client", "secret", "refresh"), cfg: sim.Config{
			Script: []sim.Fault{{Match: sim.Match{Op: sim.OpToken}, Do: sim.Throttle429}}}},
		"user_ok": {rec: free, cfg: sim.Config{Me: sim.Patricia()}},
	}
}

type stage struct {
	cfg        sim.Config
	rec        sim.Record
	body, auth string
}

func signIn() sim.TokenConfig {
	return sim.TokenConfig{ClientID: "client", ClientSecret: "secret", RefreshToken: "refresh"}
}

func signInForm(id, secret, refresh string) string {
	return url.Values{
		"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {refresh},
	}.Encode()
}

func TestAnswersAreThoseOfZohosPages(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "answers", "*.json"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d example answers, %v", len(files), err)
	}
	stages := staged()
	maps.Copy(stages, settingStages(t))
	maps.Copy(stages, pageStages(t))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if slices.Contains(otherShapes(), name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s, ok := stages[name]
			if !ok {
				t.Fatal("no stage for this example")
			}
			delete(stages, name)
			s.holdTo(t, readExample(t, file))
		})
	}
	for name := range stages {
		t.Errorf("no example for the stage %s", name)
	}
}

func readExample(t *testing.T, file string) example {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e example
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// holdTo asks for the example's answer and compares it with the example.
func (s stage) holdTo(t *testing.T, e example) {
	t.Helper()
	if s.rec.ID != "" {
		s.cfg.Records = slices.Values([]sim.Record{s.rec})
	}
	o := found(t, s.cfg)
	if s.body == "" && (e.Request.Method == http.MethodPost || e.Request.Method == http.MethodPut) {
		s.body = reason
	}
	if s.auth == "" {
		s.auth = "Zoho-oauthtoken " + o.Token()
	}
	got := send(t, o.Transport(), e.Request.Method, e.Request.Path, s.body, s.auth)
	if got.err != nil || got.status != e.Response.Status {
		t.Fatalf("%s: status %d (%v), want %d: %s", e.Situation, got.status, got.err, e.Response.Status, got.text)
	}
	switch {
	case e.Response.Text != "":
		if !strings.Contains(got.header.Get("Content-Type"), "html") || !strings.Contains(got.text, "<html>") {
			t.Errorf("not a page: %s", got.text)
		}
	case e.Response.Body == nil:
		if got.text != "" {
			t.Errorf("a body where there should be none: %s", got.text)
		}
	case strings.Contains(e.Source+e.Situation, "shortened"):
		compare(t, "body", e.Response.Body, shortened(e.Response.Body, decode(t, got.text)))
	default:
		compare(t, "body", e.Response.Body, decode(t, got.text))
	}
}

// shortened leaves of got what a shortened example has too: its keys, and the elements of its lists by name.
func shortened(want, got any) any {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return got
		}
		short := map[string]any{}
		for k, v := range w {
			if has, ok := g[k]; ok {
				short[k] = shortened(v, has)
			}
		}
		return short
	case []any:
		g, _ := got.([]any)
		short := []any{}
		for i, one := range w {
			at := slices.IndexFunc(g, func(v any) bool { return nameOf(v) == nameOf(one) })
			if at < 0 {
				at = i
			}
			if at < len(g) {
				short = append(short, shortened(one, g[at]))
			}
		}
		return short
	}
	return got
}

// nameOf is what tells an element of a list of settings from its neighbours; nil for nothing.
func nameOf(v any) any {
	o, _ := v.(map[string]any)
	for _, key := range []string{"api_name", "actual_value", "name"} {
		if o[key] != nil {
			return o[key]
		}
	}
	return nil
}

// compare holds got to the shape of want: the same keys and kinds of values,
// and the same text where Zoho's text is what a client goes by.
func compare(t *testing.T, where string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for _, extra := range []string{"$field_states", "$zia_visions", "Feature_Type__s", "confirm", "profile", "role"} {
			if _, wanted := w[extra]; !wanted {
				delete(g, extra)
			}
		}
		if keys, has := slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g)); !slices.Equal(keys, has) {
			t.Errorf("%s: keys %q, want %q", where, has, keys)
			return
		}
		for k, v := range w {
			compare(t, where+"."+k, v, g[k])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			t.Errorf("%s: %v, want %v", where, got, want)
			return
		}
		for i := range w {
			compare(t, where+"[]", w[i], g[i])
		}
	default:
		compareValue(t, where, want, got)
	}
}

func compareValue(t *testing.T, where string, want, got any) {
	t.Helper()
	key := strings.TrimSuffix(where[strings.LastIndex(where, ".")+1:], "[]")
	switch key {
	case "code", "message", "status", "error", "error_info", "error_description", "resource_path_index", "param_name",
		"api_name", "json_path", "maximum_length", "Lock_Source__s", "Locked_Reason__s", "$editable", "$sharing_permission",
		"per_page", "count", "more_records", "token_type", "expires_in", "api_domain",
		"limit", "supported_values", "permissions", "data_type", "actual_value", "lock_type", "locked_for", "feature_type":
		if want != got {
			t.Errorf("%s: %v, want %v", where, got, want)
		}
	default:
		if kind(want) != kind(got) {
			t.Errorf("%s: %v, want something like %v", where, got, want)
		}
	}
}

func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if len(v) >= 13 && strings.Trim(v, "0123456789") == "" {
			return "id"
		}
		return "text"
	case float64:
		return "number"
	case bool:
		return "bool"
	}
	return "other"
}
