package sim_test

import (
	"strings"

	"zlock/zoho/sim"
)

// otherSettings are the examples of metadata, of which the organisation tells more; those with ids that are
// not its own; and those that another page answers with another status, which is the organisation's.
func otherSettings() []string {
	return []string{
		"modules_ok", "module_ok", "fields_locking", "profiles_ok", "config_get_ok", "config_update_field_ambiguous", "config_get_no_permission",
	}
}

// stagedSettings says how each example of the record locking configuration is brought about.
func stagedSettings() map[string]stage {
	const id = "5843104000000758004"
	with := func(configuration, body string) stage {
		return stage{rec: lead(someID), body: `{"record_locking_configurations":[{` + body + `}]}`, cfg: sim.Config{
			Modules: map[string]sim.Module{"Leads": {Configuration: `{"id":"` + id + `",` + configuration + `}`}}}}
	}
	byHand := func(body string) stage { return with(`"lock_type":"manual"`, body) }
	manual := func(body string) stage { return byHand(`"lock_type":"manual",` + body) }
	rules := func(list ...string) stage {
		return byHand(`"lock_type":"both","locking_rules":[` + strings.Join(list, ",") + `]`)
	}
	rule := func(name, field, value string) string {
		return `{"name":"` + name + `","criteria":{"comparator":"equal","field":{"api_name":"` + field + `"},"value":"` + value + `"}}`
	}
	many := func(n int, entry string) string { return strings.TrimSuffix(strings.Repeat(entry+",", n), ",") }
	in := func(l sim.Locking, body string) stage {
		return stage{rec: lead(someID), body: body, cfg: sim.Config{Modules: map[string]sim.Module{"Leads": {Locking: l}}}}
	}
	standing := func(s sim.Standing) stage {
		st := byHand(`"lock_type":"manual"`)
		st.cfg.Standing = s
		return st
	}
	fault := byHand(`"lock_type":"manual"`)
	fault.cfg.Script = []sim.Fault{{Do: sim.Status500Before}}
	made := with(`"lock_type":"manual","system_defined":true`, `"lock_type":"manual"`)
	tasks := manual(`"restricted_communications":["send_mail"]`)
	tasks.cfg.Modules["Tasks"] = tasks.cfg.Modules["Leads"]
	held := lockedLead(someID)
	count := stage{rec: held, body: `{"select_query":"select id from Leads where Locked__s = true limit 0, 2000"}`}
	none := count
	none.rec = lead(someID)
	blind := count
	blind.cfg.Standing.ScopeMissing = []sim.Op{sim.AnyOp}
	return map[string]stage{
		"config_get_none": in(sim.NotConfigured, ""), "config_get_module_unknown": byHand(""), "config_get_no_module": byHand(""),
		"config_get_edition":   standing(sim.Standing{EditionBarred: true}),
		"config_create_ok":     in(sim.NotConfigured, `{"record_locking_configurations":[{"lock_type":"manual"}]}`),
		"config_create_exists": byHand(`"lock_type":"manual"`),
		"config_delete_ok":     byHand(""), "config_delete_unknown": in(sim.LockingManual, ""), "config_delete_system": made,
		"config_update_ok": byHand(`"lock_type":"manual"`), "config_update_ok_by_module": byHand(`"lock_type":"manual"`),
		"config_update_module_unsupported": in(sim.Unsupported, "{}"),
		"config_update_field_unknown":      rules(rule("a", "No_Such", "x")),
		"config_update_field_unsupported": rules(`{"name":"a","criteria":{"group_operator":"AND","group":[` +
			`{"comparator":"equal","field":{"api_name":"Tag"},"value":"x"}]}}`),
		"config_update_rules_limit":               rules(many(6, rule("a", "City", "x"))),
		"config_update_feature_type":              manual(`"feature_type":"records"`),
		"config_update_action_unknown":            manual(`"restricted_actions":["update","edit"]`),
		"config_update_button_unknown":            manual(`"restricted_custom_buttons":[{"id":"5843104000000000001"}]`),
		"config_update_communication_unknown":     manual(`"restricted_communications":["send_mail","send_fax"]`),
		"config_update_communication_unsupported": tasks,
		"config_update_lock_type":                 byHand(`"lock_type":"automatik"`),
		"config_update_lock_type_missing":         byHand(`"locked_for":"all_profiles"`),
		"config_update_locked_for":                manual(`"locked_for":"everyone"`),
		"config_update_profile_unknown":           manual(`"lock_excluded_profiles":[{"id":"5843104000000000001"}]`),
		"config_update_profiles_missing":          manual(`"locked_for":"all_profiles_except_excluded_profiles"`),
		"config_update_rules_missing":             byHand(`"lock_type":"automatic"`),
		"config_update_edition":                   standing(sim.Standing{EditionBarred: true}),
		"config_update_field_nameless":            manual(`"excluded_fields":[{}]`),
		"config_update_excluded_unsupported": manual(`"excluded_fields":[{"api_name":"City"},{"api_name":"State"},` +
			`{"api_name":"Company"},{"api_name":"Website"},{"api_name":"Tag"}]`),
		"config_update_excluded_unknown": manual(`"excluded_fields":[{"api_name":"City"},{"api_name":"State"},` +
			`{"api_name":"Company"},{"api_name":"Website"},{"id":"5843104000000000001"}]`),
		"config_update_buttons_limit":  manual(`"restricted_custom_buttons":[` + many(31, `{"id":"5843104000000485570"}`) + `]`),
		"config_update_fields_limit":   manual(`"excluded_fields":[` + many(16, `{"api_name":"City"}`) + `]`),
		"config_update_profiles_limit": manual(`"lock_excluded_profiles":[` + many(16, `{"id":"5843104000000026011"}`) + `]`),
		"config_update_system":         made,
		"config_update_criteria_twice": rules(rule("a", "City", "x"), rule("b", "City", "x")),
		"config_update_name_twice":     rules(rule("a", "City", "x"), rule("a", "City", "y")),
		"config_update_no_permission":  standing(sim.Standing{PermissionDenied: []sim.Op{sim.OpConfigure}}),
		"config_update_scope":          standing(sim.Standing{ScopeMissing: []sim.Op{sim.OpConfigure}}),
		"config_update_fault":          fault,
		"module_unknown":               {rec: lead(someID), cfg: sim.Config{Modules: map[string]sim.Module{"Leads": {}}}},
		"count_ok":                     count, "count_none": none, "count_scope": blind,
	}
}
