package zoho_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"zlock/zoho"
)

// TestRefusedAsZohoWould: a wrong configuration is refused here with the code and under the key with which
// Zoho refuses it.
func TestRefusedAsZohoWould(t *testing.T) {
	comparison := `{"comparator":"equal","field":{"api_name":"Next_Step"},"value":"%d"}`
	rules := func(n int, change func(i int, rule string) string) string {
		var list []string
		for i := range n {
			rule := fmt.Sprintf(`{"name":"r%d","criteria":`+comparison+`}`, i, i)
			if change != nil {
				rule = change(i, rule)
			}
			list = append(list, rule)
		}
		return `"lock_type":"both","locking_rules":[` + strings.Join(list, ",") + `]`
	}
	second := func(old, instead string) string {
		return rules(2, func(i int, rule string) string {
			if i == 0 {
				return rule
			}
			return strings.Replace(rule, old, instead, 1)
		})
	}
	list := func(key string, n int, entry string) string {
		return `"lock_type":"manual","` + key + `":[` + strings.TrimSuffix(strings.Repeat(entry+",", n), ",") + `]`
	}
	for name, body := range map[string]string{
		"no lock_type":                  `"locked_for":"all_profiles"`,
		"lock_type":                     `"lock_type":"automatik"`,
		"locked_for":                    `"lock_type":"manual","locked_for":"all_profiles_except_excluded_profile"`,
		"feature_type":                  `"lock_type":"manual","feature_type":"records"`,
		"restricted_actions":            `"lock_type":"manual","restricted_actions":["update","edit"]`,
		"restricted_communications":     `"lock_type":"manual","restricted_communications":["send_mail","send_fax"]`,
		"no profiles":                   `"lock_type":"manual","locked_for":"all_profiles_except_excluded_profiles"`,
		"no rules":                      `"lock_type":"automatic"`,
		"no rules, both":                `"lock_type":"both","locking_rules":[]`,
		"too many rules":                rules(6, nil),
		"too many fields":               list("excluded_fields", 16, `{"api_name":"Next_Step"}`),
		"too many profiles":             list("lock_excluded_profiles", 16, `{"id":"5843104000000026011"}`),
		"too many buttons":              list("restricted_custom_buttons", 31, `{"id":"5843104000000485570"}`),
		"nameless field":                list("excluded_fields", 1, `{}`),
		"nameless profile":              list("lock_excluded_profiles", 1, `{}`),
		"odd id":                        list("excluded_fields", 1, `{"id":"x"}`),
		"nameless rule":                 second(`"name":"r1",`, ``),
		"long name":                     second(`"r1"`, `"`+strings.Repeat("n", 257)+`"`),
		"name twice":                    second(`"r1"`, `"r0"`),
		"criteria twice":                second(`"value":"1"`, `"value":"0"`),
		"no criteria":                   rules(1, func(int, string) string { return `{"name":"r"}` }),
		"no comparator":                 second(`"comparator":"equal",`, ``),
		"comparator":                    second(`"equal"`, `"equals"`),
		"no field":                      second(`"field":{"api_name":"Next_Step"},`, ``),
		"no value":                      second(`,"value":"1"`, ``),
		"group without an operator":     second(fmt.Sprintf(comparison, 1), `{"group":[`+fmt.Sprintf(comparison, 1)+`]}`),
		"group operator":                second(fmt.Sprintf(comparison, 1), `{"group_operator":"XOR","group":[`+fmt.Sprintf(comparison, 1)+`]}`),
		"empty group":                   second(fmt.Sprintf(comparison, 1), `{"group_operator":"OR","group":[]}`),
		"comparator deep in a group":    second(fmt.Sprintf(comparison, 1), `{"group_operator":"OR","group":[`+fmt.Sprintf(comparison, 1)+`,{"field":{"api_name":"Next_Step"},"value":"2","comparator":"is"}]}`),
		"rule id that is none":          second(`"name"`, `"id":"abc","name"`),
		"field without a name or an id": second(`{"api_name":"Next_Step"}`, `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, "{"+body+"}")
			faults := c.Check()
			if len(faults) != 1 {
				t.Fatalf("faults %v, want one", faults)
			}
			_, err := clientOfSim(t).CreateConfiguration(t.Context(), "Deals", c)
			e := asError(t, err)
			if !slices.Contains(e.Keys, faults[0].Key) || e.Code != faults[0].Code {
				t.Errorf("here %s %s\nZoho %s %v", faults[0].Code, faults[0].Key, e.Code, e.Keys)
			}
		})
	}
}

// TestWrongTypes: a file whose values are of another kind is refused with the path to each.
func TestWrongTypes(t *testing.T) {
	for text, key := range map[string]string{
		`{"lock_type":7}`: "record_locking_configurations[0].lock_type",
		`{"record_locking_configurations":[{"lock_for_portal_users":"yes"}]}`: "record_locking_configurations[0].lock_for_portal_users",
		`{"locking_rules":[{"criteria":[]}]}`:                                 "record_locking_configurations[0].locking_rules[0].criteria",
		`{"locking_rules":[{"criteria":{"group":[{"field":"Next_Step"}]}}]}`:  "record_locking_configurations[0].locking_rules[0].criteria.group[0].field",
		`{"excluded_fields":["Next_Step"]}`:                                   "record_locking_configurations[0].excluded_fields[0]",
		`{"excluded_fields":{"api_name":"Next_Step"}}`:                        "record_locking_configurations[0].excluded_fields",
		`{"restricted_actions":[7]}`:                                          "record_locking_configurations[0].restricted_actions[0]",
		`{"record_locking_configurations":[]}`:                                "record_locking_configurations",
		`{"record_locking_configurations":[{},{}]}`:                           "record_locking_configurations",
		`[]`: "record_locking_configurations[0]",
	} {
		_, err := zoho.ParseConfiguration([]byte(text))
		var faulty *zoho.ConfigurationError
		if !errors.As(err, &faulty) || faulty.Faults[0].Key != key || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want it at %s", text, err, key)
		}
	}
	for _, text := range []string{``, `{`, `{"a":1,"a":2}`, `{} {}`} {
		if _, err := zoho.ParseConfiguration([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestCriteriaEqual(t *testing.T) {
	one := func(text string) *zoho.Criteria {
		return parse(t, `{"locking_rules":[{"criteria":`+text+`}]}`).Rules[0].Criteria
	}
	const plain = `{"comparator":"equal","field":{"api_name":"Amount"},"value":"10"}`
	group := `{"group_operator":"AND","group":[` + plain + `,` + plain + `]}`
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{plain, plain, true},
		{plain, `{"comparator":"equal","field":{"api_name":"Amount","id":"7"},"value":10,"type":"value"}`, true},
		{plain, `{"comparator":"equal","field":{"api_name":"Amount"},"value":"11"}`, false},
		{plain, `{"comparator":"less_than","field":{"api_name":"Amount"},"value":"10"}`, false},
		{plain, `{"comparator":"equal","field":{"api_name":"Stage"},"value":"10"}`, false},
		{plain, group, false},
		{group, strings.Replace(group, "AND", "and", 1), true},
		{group, strings.Replace(group, "AND", "OR", 1), false},
		{group, `{"group_operator":"AND","group":[` + plain + `]}`, false},
		{`{"comparator":"equal","field":{"id":"7"},"value":true}`, `{"comparator":"equal","field":{"id":"07"},"value":"true"}`, true},
		{`{"comparator":"between","field":{"id":"7"},"value":["1",2]}`, `{"comparator":"between","field":{"id":"7"},"value":[1,"2"]}`, true},
	} {
		if got := one(tt.a).Equal(one(tt.b)); got != tt.want {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
	var none *zoho.Criteria
	if !none.Equal(nil) || none.Equal(one(plain)) || one(plain).Equal(nil) {
		t.Error("no criteria equal some")
	}
}
