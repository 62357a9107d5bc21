package sim_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// settingStages says how the examples about configurations, queries and metadata are brought about.
func settingStages(t *testing.T) map[string]stage {
	t.Helper()
	all := map[string]stage{}
	for name, body := range wrongUpdates() {
		all["config_update_"+name] = stage{cfg: sales(), body: around(body)}
	}
	standing := func(s sim.Standing) stage {
		cfg := sales()
		cfg.Standing = s
		return stage{cfg: cfg, body: around(`{"lock_type":"manual"}`)}
	}
	barred, denied := standing(sim.Standing{EditionBarred: true}), standing(sim.Standing{PermissionDenied: []sim.Op{sim.OpConfigure}})
	ok := standing(sim.Standing{})
	all["config_get_edition"], all["config_update_edition"], all["config_update_no_permission"] = barred, barred, denied
	all["config_update_scope"] = standing(sim.Standing{ScopeMissing: []sim.Op{sim.OpConfigure}})
	all["config_update_ok"], all["config_update_ok_by_module"] = ok, ok
	all["config_create_exists"], all["config_get_no_module"], all["config_get_module_unknown"] = ok, ok, ok
	all["config_delete_ok"] = stage{cfg: sales()}
	faulty := ok
	faulty.cfg.Script = []sim.Fault{{Do: sim.Status500Before}}
	all["config_update_fault"] = faulty
	leads := func(m sim.Module) stage {
		return stage{cfg: sim.Config{Modules: map[string]sim.Module{"Leads": m}}, body: ok.body}
	}
	all["config_create_ok"], all["config_get_none"] = leads(sim.Module{Locking: sim.NotConfigured}), leads(sim.Module{Locking: sim.NotConfigured})
	all["config_delete_unknown"] = leads(sim.Module{Locking: sim.NotConfigured})
	all["config_update_module_unsupported"] = leads(sim.Module{Locking: sim.Unsupported})
	system := leads(sim.Module{Configuration: `{"id":"5843104000000758004","lock_type":"manual","system_defined":true}`})
	all["config_update_system"], all["config_delete_system"] = system, system
	all["config_get_ok"] = leads(sim.Module{Configuration: shownConfiguration(t)})
	addMetadataStages(all)
	return all
}

// shownConfiguration is the configuration that the example of GET shows, but for the ids of fields and
// profiles, which are those of another organisation.
func shownConfiguration(t *testing.T) string {
	t.Helper()
	e := readExample(t, filepath.Join("..", "testdata", "answers", "config_get_ok.json"))
	c := e.Response.Body.(map[string]any)["record_locking_configurations"].([]any)[0].(map[string]any)
	for _, key := range []string{"excluded_fields", "lock_excluded_profiles"} {
		for _, one := range c[key].([]any) {
			delete(one.(map[string]any), "id")
		}
	}
	criteria := c["locking_rules"].([]any)[0].(map[string]any)["criteria"].(map[string]any)
	delete(criteria["field"].(map[string]any), "id")
	return jsonOf(t, c)
}

// wrongUpdates are the bodies that the examples of refused updates answer; tables beside the tests of the
// errors have many more.
func wrongUpdates() map[string]string {
	const field = `{"comparator":"equal","field":{"api_name":"City"},"value":"x"}`
	excluded := func(last string) string {
		return manual(`"excluded_fields":[` + many(4, `{"api_name":"City"}`) + `,` + last + `]`)
	}
	return map[string]string{
		"lock_type_missing": `{}`, "lock_type": `{"lock_type":"never"}`, "locked_for": manual(`"locked_for":"nobody"`),
		"feature_type":          manual(`"feature_type":"approval"`),
		"action_unknown":        manual(`"restricted_actions":["update","print"]`),
		"communication_unknown": manual(`"restricted_communications":["send_mail","send_fax"]`),
		"button_unknown":        manual(`"restricted_custom_buttons":[{"id":"77"}]`),
		"buttons_limit":         manual(`"restricted_custom_buttons":[` + many(31, `{"id":"5843104000000485570"}`) + `]`),
		"profile_unknown":       manual(`"lock_excluded_profiles":[{"id":"77"}]`),
		"profiles_limit":        manual(`"lock_excluded_profiles":[` + many(16, `{"id":"5843104000000026011"}`) + `]`),
		"profiles_missing":      manual(`"locked_for":"all_profiles_except_excluded_profiles"`),
		"excluded_unknown":      excluded(`{"id":"77"}`), "excluded_unsupported": excluded(`{"api_name":"Owner"}`),
		"field_nameless":    manual(`"excluded_fields":[{}]`),
		"field_ambiguous":   manual(`"excluded_fields":[{"api_name":"City","id":"5843104000000003401"}]`),
		"fields_limit":      manual(`"excluded_fields":[` + many(16, `{"api_name":"City"}`) + `]`),
		"field_unknown":     wanting(strings.Replace(field, "City", "Cities", 1)),
		"field_unsupported": wanting(`{"group_operator":"AND","group":[` + strings.Replace(field, "City", "Tag", 1) + `]}`),
		"criteria_twice":    ruled(equalCity("a", "x"), equalCity("b", "x")),
		"name_twice":        ruled(equalCity("a", "x"), equalCity("a", "y")),
		"rules_limit":       ruled(equalCity("a", "1"), equalCity("b", "2"), equalCity("c", "3"), equalCity("d", "4")),
		"rules_missing":     ruled(`{"id":"5843104000000766010","_delete":true}`, `{"id":"5843104000000766034","_delete":true}`),
	}
}

// equalCity is a rule about the field City.
func equalCity(name, value string) string {
	return strings.Replace(equalRule(name, value), "Stage", "City", 1)
}

func addMetadataStages(all map[string]stage) {
	locked, free := lockedLead(someID), lead(someID)
	const count = `{"select_query":"select id from Leads where Locked__s = true limit 0, 2000"}`
	all["count_ok"] = stage{rec: locked, body: count}
	all["count_none"] = stage{rec: free, body: count}
	all["count_scope"] = stage{rec: free, body: count, cfg: sim.Config{Standing: sim.Standing{ScopeMissing: []sim.Op{sim.OpQuery}}}}
	for _, name := range []string{"fields_locking", "module_ok", "module_unknown", "modules_ok", "profiles_ok"} {
		all[name] = stage{rec: free}
	}
	mailless := sim.Config{Modules: map[string]sim.Module{"Tasks": {Configuration: `{"id":"5843104000000758004","lock_type":"manual"}`}}}
	all["config_update_communication_unsupported"] = stage{cfg: mailless, body: around(manual(`"restricted_communications":["send_mail"]`))}
}

// pageStages says how the samples of the documents about record locking are brought about.
func pageStages(t *testing.T) map[string]stage {
	t.Helper()
	held := lockedLead(someID)
	held.Lock.ID = "5843104000000804005"
	boyle := held
	boyle.ID, boyle.Name = "5843104000000425566", "Theola Frey (Sample)"
	deal := sim.Record{Module: "Deals", ID: "5843104000001068086", Lock: &sim.Lock{ID: "5843104000001068094", Reason: "awaiting final approval", By: sim.Patricia()}}
	closed := sim.Record{Module: "Deals", ID: "5843104000001068077", Name: "Commercial Press", Lock: &sim.Lock{ID: "5843104000001072001", Source: sim.Automatic}}
	return map[string]stage{
		"page_information": {rec: boyle}, "page_reason": {rec: held, body: bodyOf(t, "page_reason")}, "page_unlock": {rec: held},
		"page_post_unlock": {rec: deal}, "page_post_automatic": {rec: closed},
		"page_configuration": {cfg: sales(), body: bodyOf(t, "page_configuration")},
	}
}

// sample is the body of a call as a page shows it, and the message that its receipt has.
type sample struct {
	Source, Method, Path, Receipt string
	Body                          json.RawMessage
}

func readRequest(t *testing.T, name string) sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "requests", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r sample
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

func bodyOf(t *testing.T, name string) string { return string(readRequest(t, name).Body) }

// TestBodiesOfThePagesAreTaken sends every body that the documents show and expects its receipt.
func TestBodiesOfThePagesAreTaken(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "requests", "*.json"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d bodies, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			r := readRequest(t, name)
			cfg := sales()
			deal := sim.Record{Module: "Deals", ID: "5843104000001068086"}
			if r.Method == http.MethodPut {
				deal.Lock = &sim.Lock{ID: "5843104000001068094", Reason: "before", By: sim.Patricia()}
			}
			held := lockedLead(someID)
			held.Lock.ID = "5843104000000804005"
			cfg.Records = func(yield func(sim.Record) bool) { _ = yield(deal) && yield(held) }
			cfg.Modules["Deals"] = sim.Module{}
			got := call(t, found(t, cfg), r.Method, r.Path, string(r.Body))
			if got.status >= 300 || !strings.Contains(got.text, `"message":"`+r.Receipt+`"`) {
				t.Errorf("%d %s, want the receipt %q", got.status, got.text, r.Receipt)
			}
		})
	}
}
