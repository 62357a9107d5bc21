package cli_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// dealsConfiguration is one with every documented key in it, and one beyond (type).
const dealsConfiguration = `{
	"id": "5843104000000758004", "lock_type": "both", "locked_for": "all_profiles_except_excluded_profiles",
	"lock_excluded_profiles": [{"name": "Administrator", "id": "5843104000000026011"}],
	"excluded_fields": [{"api_name": "Description"}, {"api_name": "Next_Step"}],
	"restricted_actions": ["update", "delete"], "lock_for_portal_users": true, "restricted_communications": ["send_mail"],
	"restricted_custom_buttons": [{"name": "Send with Zoho Sign", "id": "5843104000000485570"}],
	"feature_type": "record_locking", "system_defined": false,
	"locking_rules": [
		{"id": "5843104000000766034", "name": "Won", "lock_existing_records": false, "criteria": {"group_operator": "AND", "group": [
			{"comparator": "equal", "field": {"api_name": "Stage"}, "type": "value", "value": "Closed Won"},
			{"comparator": "greater_than", "field": {"api_name": "Amount"}, "value": "1000"}]}},
		{"id": "5843104000000766035", "name": "Lost", "lock_existing_records": false,
			"criteria": {"comparator": "equal", "field": {"api_name": "Stage"}, "value": "Closed Lost"}}
	]}`

// configured is a stage whose org has a configuration for Deals, a manual one for Leads, and none for
// Accounts.
func configured(t *testing.T) *stage {
	t.Helper()
	return newStage(t).withZoho(func(c *sim.Config) { c.Modules = configuredModules() })
}

func configuredModules() map[string]sim.Module {
	return map[string]sim.Module{
		"Deals": {Configuration: dealsConfiguration}, "Leads": {Locking: sim.LockingManual}, "Accounts": {Locking: sim.NotConfigured},
		"Campaigns": {Locking: sim.Unsupported}, "Offers": {Locking: sim.NotConfigured, Custom: true},
	}
}

func TestConfigScreens(t *testing.T) {
	s := configured(t)
	s.file("faulty.yaml", "lock_type: automatik\nexcluded_field: []\nlocking_rules:\n- name: A\n  criteria:\n    comparator: equals\n    field: {api_name: Stage}\n"+
		"    value: x\n- name: A\n  criteria: {group_operator: AND, group: []}\nrestricted_actions: [update, edit]\nlocked_for: all_profiles_except_excluded_profiles\n")
	s.file("rules.yaml", "locking_rules:\n- id: 5843104000000766034\n  name: Won deals\n- name: Lost\n  _delete: true\n"+
		"- name: Huge\n  lock_existing_records: true\n  criteria:\n    comparator: greater_equal\n    field: {api_name: Amount}\n    value: 1000000\n")
	for _, screen := range []struct {
		name string
		args []string
	}{
		{"get", words("config get deals")},
		{"get-yaml", words("config get Deals --yaml")},
		{"get-json", words("config get Deals --json")},
		{"get-none", words("config get Accounts")},
		{"get-none-json", words("config get Accounts --json")},
		{"get-unsupported", words("config get Campaigns")},
		{"get-no-module", words("config get Nonsense")},
		{"get-odd", words("config get Deals!")},
		{"update-nothing-asked", words("config update Deals")},
		{"update-unchanged", words("config update Deals --lock-type both --exclude-field Next_Step,Description")},
		{"update-dry-run", words("config update Deals -f rules.yaml --restrict delete,tags,send_mail --exclude-field Description --dry-run")},
		{"update", append(words("config update Deals -f rules.yaml --restrict delete,tags --exclude-profile Administrator,Standard"),
			"--rule", "Won deals: Stage equal Closed Won or Probability >= 100")},
		{"update-json", append(words("config update Deals --json --exclude-field none --rule"), `Noted: Description contains "this and that"`)},
		{"get-updated", words("config get Deals")},
		{"update-faulty", words("config update Deals -f faulty.yaml")},
		{"update-faulty-json", words("config update Deals -f faulty.yaml --json")},
		{"update-refused", words("config update Deals --exclude-field No_Such")},
		{"update-rule", words("config update Deals --rule Stage")},
		{"update-manual", words("config update Deals --lock-type manual")},
		{"create-exists", words("config create Deals --lock-type manual")},
		{"create-faulty", words("config create Accounts --lock-type both --exclude-profile none")},
		{"create", words("config create Accounts --lock-type manual --restrict delete")},
		{"delete", words("config delete Accounts")},
		{"delete-none", words("config delete Accounts --json")},
		{"config", words("config")},
		{"help-update", words("config update --help")},
		{"update-profile-unknown", words("config update Leads --exclude-profile Standrad")},
		{"modules", words("modules")},
		{"modules-count", words("modules --count --hidden")},
		{"modules-one", words("modules leads --count")},
		{"modules-fields", words("modules Deals --fields")},
		{"modules-one-json", words("modules Accounts --json")},
		{"modules-unknown", words("modules Nonsense")},
		{"modules-help", words("modules --help")},
		{"get-help", words("config get --help")},
		{"modules-json", words("modules --json --hidden")},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(screen.args...)
			got := "$ zlock " + strings.Join(screen.args, " ") + "\n" + timeless(o.out) + "--- standard error\n" + timeless(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "config", screen.name+".golden"), got)
		})
	}
}

// timeless puts a word for Zoho's times, of the same length.
func timeless(s string) string {
	s = fieldID.ReplaceAllString(steady(s), `${1}FIELD"`)
	return zohoTime.ReplaceAllString(s, "2025-MM-DDThh:mm:ss+05:30")
}

// fieldID is the id of a field, which is the pretend Zoho's own affair.
var fieldID = regexp.MustCompile(`("api_name": ?"\w+",\s*"id": ?"|api_name: \w+\n\s+id: ")\d+"`)

var zohoTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30`)

func words(line string) []string { return strings.Fields(line) }
