package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// orchard is an organisation with a module that has a field of each kind, and one record that says nothing.
func orchard() sim.Config {
	return sim.Config{
		Modules: map[string]sim.Module{"Trees": {Custom: true, Locking: sim.NotConfigured, Fields: []sim.Field{
			{Name: "Text"}, {Name: "Pick", Type: "picklist"}, {Name: "Many", Type: "multiselectpicklist"}, {Name: "Num", Type: "double"},
			{Name: "Day", Type: "date"}, {Name: "At", Type: "datetime"}, {Name: "Yes", Type: "boolean"}, {Name: "Who", Type: "lookup"},
			{Name: "Files", Type: "fileupload"},
		}}},
		Records: func(yield func(sim.Record) bool) { yield(sim.Record{Module: "Trees", ID: "1"}) },
	}
}

func compared(field, comparator, value string) string {
	return fmt.Sprintf(`{"comparator":%q,"field":{"api_name":%q},"value":%s}`, comparator, field, value)
}

// configured makes a configuration of the module and returns what GET says of it.
func configured(t *testing.T, o *sim.Org, module, configuration string) map[string]any {
	t.Helper()
	r := call(t, o, http.MethodPost, settings+"?module="+module, around(configuration))
	if r.status != http.StatusCreated {
		t.Fatalf("%+v %v", r, r.err)
	}
	return settingsOf(t, o, module)
}

// planted creates a record and returns its id.
func planted(t *testing.T, o *sim.Org, module, values string) string {
	t.Helper()
	r := call(t, o, http.MethodPost, "/crm/v8/"+module, `{"data":[`+values+`]}`)
	id, ok := r.detail(t, "id").(string)
	if r.status != http.StatusCreated || !ok {
		t.Fatalf("%+v %v", r, r.err)
	}
	return id
}

// TestEveryComparator creates one record for each word of values and says of
// each whether the rule locks it.
func TestEveryComparator(t *testing.T) {
	tests := []struct{ field, comparator, value, locked, free string }{
		{"Text", "equal", `"Oak"`, `"Oak" "oak"`, `"Oaks" "" null`},
		{"Text", "equal", `["Oak","Elm"]`, `"Oak" "elm"`, `"Ash" null`},
		{"Text", "not_equal", `"Oak"`, `"Elm" null`, `"oak"`},
		{"Text", "contains", `"ak"`, `"Oak" "AKIN"`, `"Elm" null`},
		{"Text", "not_contains", `"ak"`, `"Elm" null`, `"Oak"`},
		{"Text", "starts_with", `"Oa"`, `"oak"`, `"soak" null`},
		{"Text", "ends_with", `"ak"`, `"oak"`, `"oaks" null`},
		{"Text", "equal", `"${EMPTY}"`, `null ""`, `"x"`},
		{"Text", "equal", `"${NOTEMPTY}"`, `"x"`, `null`},
		{"Text", "not_equal", `"${EMPTY}"`, `"x"`, `null`},
		{"Pick", "equal", `"Ripe"`, `"Ripe"`, `"Green" null`},
		{"Many", "equal", `"Ripe"`, `["Ripe","Red"]`, `["Green"] [] null`},
		{"Many", "not_equal", `["Ripe","Red"]`, `["Green"] null`, `["Ripe"]`},
		{"Many", "contains", `"re"`, `["Green"]`, `["Ripe"]`},
		{"Many", "equal", `"${EMPTY}"`, `[] null`, `["Ripe"]`},
		{"Num", "equal", `5`, `5 5.0`, `5.01 null`},
		{"Num", "equal", `"5"`, `5`, `6`},
		{"Num", "not_equal", `5`, `6 null`, `5`},
		{"Num", "less_than", `5`, `4.9 -7`, `5 null`},
		{"Num", "less_equal", `5`, `5 4`, `5.1 null`},
		{"Num", "greater_than", `5`, `5.1`, `5 null`},
		{"Num", "greater_equal", `5`, `5 6`, `4 null`},
		{"Num", "between", `[2,"5"]`, `2 3.5 5`, `1.9 5.1 null`},
		{"Num", "not_between", `[2,5]`, `1 6 null`, `2 5`},
		{"Num", "equal", `"${EMPTY}"`, `null`, `0`},
		{"Day", "equal", `"2026-03-01"`, `"2026-03-01"`, `"2026-03-02" null`},
		{"Day", "less_than", `"2026-03-01"`, `"2026-02-28"`, `"2026-03-01" null`},
		{"Day", "between", `["2026-03-01","2026-03-31"]`, `"2026-03-01" "2026-03-31"`, `"2026-04-01"`},
		{"At", "greater_equal", `"2026-03-01T00:00:00+05:30"`, `"2026-02-28T18:30:00Z" "2026-03-02T00:00:00Z"`, `"2026-02-28T18:29:59Z" null`},
		{"At", "not_between", `["2026-03-01T00:00:00Z","2026-03-02T00:00:00Z"]`, `"2026-03-03T00:00:00Z"`, `"2026-03-01T12:00:00Z"`},
		{"Yes", "equal", `true`, `true`, `false null`},
		{"Yes", "equal", `"false"`, `false null`, `true`},
		{"Yes", "not_equal", `true`, `false null`, `true`},
		{"Who", "equal", `{"id":"77","name":"Ann"}`, `{"id":"77"} "77"`, `{"id":"78"} null`},
		{"Who", "not_equal", `"77"`, `{"id":"78"} null`, `{"id":"77"}`},
		{"Who", "equal", `"${EMPTY}"`, `null`, `{"id":"77"}`},
		{"Name", "starts_with", `"tree-"`, `"tree-2"`, `"tree"`},
		{"Owner", "equal", `"5843104000000424672"`, `{"id":"5843104000000424672"}`, `{"id":"5843104000000420001"}`},
	}
	for _, tt := range tests {
		t.Run(tt.field+" "+tt.comparator+" "+tt.value, func(t *testing.T) {
			o := found(t, orchard())
			configured(t, o, "Trees", wanting(compared(tt.field, tt.comparator, tt.value)))
			for values, want := range map[string]bool{tt.locked: true, tt.free: false} {
				for _, v := range strings.Fields(values) {
					id := planted(t, o, "Trees", fmt.Sprintf(`{"Name":"tree 1",%q:%s}`, tt.field, v))
					if l, locked := o.Lock("Trees", id); locked != want || want && l.Source != sim.Automatic {
						t.Errorf("%s is locked: %v %+v", v, locked, l)
					}
				}
			}
		})
	}
}

func TestValuesThatCannotBeCompared(t *testing.T) {
	const at = "locking_rules[0].criteria."
	notSupported := inRow("NOT_SUPPORTED", where("value", at+"value"), "value not supported")
	tests := []struct{ name, criteria, want string }{
		{"text with a number", compared("Text", "equal", `5`), notSupported},
		{"text with a list of numbers", compared("Text", "equal", `[5]`), notSupported},
		{"text that contains a list", compared("Text", "contains", `["a"]`), notSupported},
		{"number with a word", compared("Num", "less_than", `"few"`), notSupported},
		{"number with a list", compared("Num", "equal", `[1,2]`), notSupported},
		{"between one", compared("Num", "between", `[1]`), notSupported},
		{"between words", compared("Num", "between", `[1,"few"]`), notSupported},
		{"less than nothing", compared("Num", "less_than", `"${EMPTY}"`), notSupported},
		{"date", compared("Day", "equal", `"01/03/2026"`), notSupported},
		{"time", compared("At", "equal", `"2026-03-01"`), notSupported},
		{"truth", compared("Yes", "equal", `"maybe"`), notSupported},
		{"person", compared("Who", "equal", `"Ann"`), notSupported},
		{"field", compared("Files", "equal", `"x"`), inRow("NOT_SUPPORTED", where("api_name", at+"field.api_name"), "field not supported")},
		{"text less than", compared("Text", "less_than", `"x"`), inRow("INVALID_DATA", whereBut("comparator", at+"comparator",
			`"supported_values":["equal","not_equal","contains","not_contains","starts_with","ends_with"]`), "invalid data")},
		{"truth contains", compared("Yes", "contains", `"t"`), inRow("INVALID_DATA", whereBut("comparator", at+"comparator",
			`"supported_values":["equal","not_equal"]`), "invalid data")},
	}
	o := found(t, orchard())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t, o, http.MethodPost, settings+"?module=Trees", around(wanting(tt.criteria)))
			if r.status != http.StatusBadRequest || !same(t, r.text, tt.want) {
				t.Errorf("%d %s\nwant %s", r.status, r.text, tt.want)
			}
		})
	}
}

func TestGroupsOfCriteria(t *testing.T) {
	oak, big, old := compared("Text", "equal", `"oak"`), compared("Num", "greater_than", `9`), compared("Day", "less_than", `"2000-01-01"`)
	group := func(op string, all ...string) string {
		return fmt.Sprintf(`{"group_operator":%q,"group":[%s]}`, op, strings.Join(all, ","))
	}
	tests := []struct{ criteria, locked string }{ // of the trees below, by number
		{group("AND", oak, big, old), "7"},
		{group("OR", oak, big, old), "1 2 3 4 5 6 7"},
		{group("and", oak, group("or", big, old)), "3 5 7"},
		{group("OR", big, group("AND", oak, old)), "2 3 5 6 7"},
		{group("AND", oak), "1 3 5 7"},
	}
	for _, tt := range tests {
		t.Run(tt.criteria, func(t *testing.T) {
			o := found(t, orchard())
			configured(t, o, "Trees", wanting(tt.criteria))
			var locked []string
			for n := range 8 {
				values := []string{`"Name":"tree"`}
				for bit, v := range []string{`"Text":"Oak"`, `"Num":10`, `"Day":"1999-12-31"`} {
					if n>>bit&1 == 1 {
						values = append(values, v)
					}
				}
				id := planted(t, o, "Trees", "{"+strings.Join(values, ",")+"}")
				if _, ok := o.Lock("Trees", id); ok {
					locked = append(locked, fmt.Sprint(n))
				}
			}
			if got := strings.Join(locked, " "); got != tt.locked {
				t.Errorf("locked %q, want %q", got, tt.locked)
			}
		})
	}
}

// TestTasksKnowOneCriterion follows the note on tasks in "Update Record Locking Configuration".
func TestTasksKnowOneCriterion(t *testing.T) {
	o := found(t, sales())
	for criteria, want := range map[string]string{
		compared("Subject", "equal", `"x"`):          inRow("NOT_SUPPORTED", where("api_name", "locking_rules[0].criteria.field.api_name"), "field not supported"),
		compared("Status", "equal", `"In Progress"`): inRow("NOT_SUPPORTED", where("value", "locking_rules[0].criteria.value"), "value not supported"),
		compared("Status", "not_equal", `"Closed"`):  inRow("NOT_SUPPORTED", where("value", "locking_rules[0].criteria.value"), "value not supported"),
	} {
		if r := call(t, o, http.MethodPost, settings+"?module=Tasks", around(wanting(criteria))); !same(t, r.text, want) {
			t.Errorf("%s\nwant %s", r.text, want)
		}
	}
	configured(t, o, "Tasks", wanting(compared("Status", "equal", `"Closed"`)))
	for status, want := range map[string]bool{"Completed": true, "closed": true, "In Progress": false} {
		id := planted(t, o, "Tasks", fmt.Sprintf(`{"Subject":"Call back","Status":%q}`, status))
		if _, locked := o.Lock("Tasks", id); locked != want {
			t.Errorf("%s: locked %v", status, locked)
		}
	}
}

// TestALockOfARule looks at an automatic lock in the locking information.
func TestALockOfARule(t *testing.T) {
	o := found(t, orchard())
	made := configured(t, o, "Trees", `{"lock_type":"both","locking_rules":[
		{"name":"a","criteria":`+compared("Num", "greater_than", "9")+`},{"name":"b","criteria":`+compared("Text", "equal", `"oak"`)+`}]}`)
	second := made["locking_rules"].([]any)[1].(map[string]any)["id"]
	id := planted(t, o, "Trees", `{"Name":"Big oak","Text":"Oak"}`)
	row := call(t, o, http.MethodGet, "/crm/v8/Trees/"+id+"/Locking_Information__s"+allOf, "").row(t)
	for field, want := range map[string]any{
		"Lock_Source__s": "Automatic", "Locked_By__s": nil, "Locked_Reason__s": nil, "$editable": false, "$sharing_permission": "read_only",
		"Record_Locking_Rule_Id__s": second, "Record_Locking_Configuration_Id__s": made["id"],
	} {
		if row[field] != want {
			t.Errorf("%s is %v, want %v", field, row[field], want)
		}
	}
	if name := row["Locked_For__s"].(map[string]any)["name"]; name != "Big oak" {
		t.Errorf("locked for %v", name)
	}
	if e := events(o, applied); len(e) != 1 || e[0].Op != sim.OpRule || e[0].ID != id || e[0].LockID != row["id"] || e[0].Actor != "" {
		t.Errorf("events %+v", e)
	}
}

// TestLocksOfRulesComeAndGo follows one record through updates: those whose
// profile is excluded may change it while it is locked.
func TestLocksOfRulesComeAndGo(t *testing.T) {
	cfg := orchard()
	o := found(t, cfg)
	configured(t, o, "Trees", `{"lock_type":"both","locked_for":"all_profiles_except_excluded_profiles","lock_excluded_profiles":[{"name":"Administrator"}],
		"locking_rules":[{"name":"big","criteria":`+compared("Num", "greater_than", "9")+`},{"name":"oak","criteria":`+compared("Text", "equal", `"oak"`)+`}]}`)
	const first, second = "5843104000001068002", "5843104000001068003"
	steps := []struct{ do, source, rule string }{
		{`{"Num":10}`, "Automatic", first},
		{`{"Text":"oak"}`, "Automatic", first},
		{`{"Num":1}`, "Automatic", second},
		{`{"Text":null}`, "", ""},
		{"lock", "Manual", ""},
		{`{"Num":10}`, "Both", first},
		{`{"Num":2}`, "Manual", ""},
	}
	for i, s := range steps {
		r := reply{}
		if s.do == "lock" {
			r = call(t, o, http.MethodPost, "/crm/v8/Trees/1/Locking_Information__s", reason)
		} else {
			r = call(t, o, http.MethodPut, "/crm/v8/Trees/1", `{"data":[`+s.do+`]}`)
		}
		if r.status > 299 {
			t.Fatalf("step %d: %+v", i+1, r)
		}
		row := call(t, o, http.MethodGet, "/crm/v8/Trees/1/Locking_Information__s"+allOf, "").row(t)
		source, _ := row["Lock_Source__s"].(string)
		rule, _ := row["Record_Locking_Rule_Id__s"].(string)
		if source != s.source || rule != s.rule {
			t.Errorf("step %d: %s by %s, want %s by %s", i+1, source, rule, s.source, s.rule)
		}
	}
}

// TestExistingRecordsAreLockedWhereTheRuleWantsIt sets rules over records that are there already.
func TestExistingRecordsAreLockedWhereTheRuleWantsIt(t *testing.T) {
	cfg := orchard()
	cfg.Records = func(yield func(sim.Record) bool) {
		for i, text := range []string{"oak", "elm", "oak", ""} {
			r := sim.Record{Module: "Trees", ID: fmt.Sprint(i + 1), Fields: map[string]any{"Text": text, "Num": i}}
			if i == 2 {
				r.Lock = &sim.Lock{Reason: "by hand"}
			}
			if !yield(r) {
				return
			}
		}
	}
	for existing, want := range map[bool]string{true: "1 Automatic, 3 Both, ", false: "3 Manual, "} {
		c := cfg
		c.Modules = map[string]sim.Module{"Trees": {Locking: sim.LockingManual, Fields: cfg.Modules["Trees"].Fields}}
		o := found(t, c)
		body := fmt.Sprintf(`{"lock_type":"both","locking_rules":[{"name":"a","lock_existing_records":%v,"criteria":%s}]}`, existing, compared("Text", "equal", `"Oak"`))
		if r := call(t, o, http.MethodPut, settings+"?module=Trees", around(body)); r.status != http.StatusOK {
			t.Fatalf("%+v %v", r, r.err)
		}
		got := ""
		for r := range o.Locks() {
			got += fmt.Sprintf("%s %s, ", r.ID, r.Lock.Source)
		}
		if got != want {
			t.Errorf("existing %v: locks %q, want %q", existing, got, want)
		}
	}
}
