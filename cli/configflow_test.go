package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"zlock/cli"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// sent counts the calls that tried to change a configuration.
func (s *stage) configurationsSent() (n int) {
	for _, e := range s.org.Log() {
		if e.Op == sim.OpConfigure {
			n++
		}
	}
	return n
}

// configuration is what Zoho has of a module.
func (s *stage) configuration(module string) zoho.Configuration {
	s.t.Helper()
	c, err := zoho.ParseConfiguration([]byte(s.want(s.run("config", "get", module, "--json"), 0).out))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// settings is a configuration without what only Zoho says of it.
func settings(c zoho.Configuration) zoho.Configuration {
	c.ID, c.CreatedTime, c.ModifiedTime, c.CreatedBy, c.ModifiedBy = "", "", "", zoho.User{}, zoho.User{}
	return c
}

// TestConfigRoundTrip: fetched, a configuration is applied without a change; edited, it comes back as
// edited; deleted, it is made again from what was kept.
func TestConfigRoundTrip(t *testing.T) {
	for _, format := range []string{"--json", "--yaml"} {
		t.Run(format, func(t *testing.T) {
			s := configured(t)
			s.want(s.run("config", "update", "Deals", "--lock-type", "automatic"), 0) // Zoho fills in the ids of fields
			before := s.configuration("Deals")
			kept := s.want(s.run("config", "get", "Deals", format), 0).out
			s.file("deals", kept)
			s.want(s.run("config", "update", "Deals", "-f", "deals"), 0, "nothing to change")
			if n := s.configurationsSent(); n != 1 {
				t.Fatalf("%d changes were sent for nothing", n-1)
			}

			s.file("stale", strings.ReplaceAll(kept, "Next_Step", "Probability"))
			s.want(s.run("config", "update", "Deals", "-f", "stale"), 2, "excluded_fields[1].api_name: the id beside it is that of \"Next_Step\"")
			edit := before
			edit.Fields = []zoho.Ref{before.Fields[0], {APIName: "Probability"}}
			edited, err := cli.EncodeJSON(edit)
			if format == "--yaml" {
				edited, err = cli.YAMLOf(edited)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.file("edited", strings.ReplaceAll(string(edited), "Closed Lost", "Closed Lost to Competition"))
			s.want(s.run("config", "update", "Deals", "-f", "edited"), 0, "is updated")
			after := s.configuration("Deals")
			want := before
			want.Fields = []zoho.Ref{before.Fields[0], after.Fields[1]}
			want.Rules = []zoho.Rule{before.Rules[0], before.Rules[1]}
			changed := *after.Rules[1].Criteria
			want.Rules[1].Criteria, want.Rules[0].Criteria = &changed, after.Rules[0].Criteria
			if changed.Value != "Closed Lost to Competition" || after.Fields[1].APIName != "Probability" || !before.Rules[0].Criteria.Equal(after.Rules[0].Criteria) {
				t.Errorf("after the edit: %+v", after)
			}
			if !reflect.DeepEqual(settings(after), settings(want)) {
				t.Errorf("got  %+v\nwant %+v", settings(after), settings(want))
			}

			s.want(s.run("config", "delete", "Deals"), 0, "is deleted")
			s.want(s.run("config", "create", "Deals", "-f", "deals"), 0, "is created")
			again := s.configuration("Deals")
			if again.Rules[0].ID == before.Rules[0].ID {
				t.Error("a new rule has the id of one that was deleted")
			}
			for i := range again.Rules {
				again.Rules[i].ID = before.Rules[i].ID
				if !again.Rules[i].Criteria.Equal(before.Rules[i].Criteria) {
					t.Errorf("rule %d is %+v", i, again.Rules[i].Criteria)
				}
				again.Rules[i].Criteria = before.Rules[i].Criteria
			}
			for i := range again.Fields {
				if !again.Fields[i].Same(before.Fields[i]) {
					t.Errorf("field %d is %v", i, again.Fields[i])
				}
			}
			again.Fields = before.Fields
			if !reflect.DeepEqual(settings(again), settings(before)) {
				t.Errorf("got  %+v\nwant %+v", settings(again), settings(before))
			}
		})
	}
}

// TestConfigFromStandardInput: a file by hand applied twice is one change; its rules are known by name.
func TestConfigFromStandardInput(t *testing.T) {
	s := configured(t)
	s.in = "lock_type: both\nlocking_rules:\n- name: Huge\n  criteria:\n    comparator: greater_than\n    field: {api_name: Amount}\n    value: 5\n"
	terminal := func(w *cli.World) { w.InTerminal, w.ErrTerminal = true, true }
	s.world = terminal // standard input is spoken for: nobody is asked
	s.want(s.run("config", "update", "Deals", "-f", "-"), 0, "is updated")
	s.want(s.run("config", "update", "Deals", "-f", "-"), 0, "nothing to change")
	if rules := s.configuration("Deals").Rules; len(rules) != 3 || rules[2].Name != "Huge" {
		t.Errorf("rules %+v", rules)
	}
	s.want(s.run("config", "update", "Deals", "--remove-rule", "Huge", "--remove-rule", "5843104000000766034", "--yes"), 0)
	if rules := s.configuration("Deals").Rules; len(rules) != 1 || rules[0].Name != "Lost" {
		t.Errorf("rules %+v", rules)
	}
}

// TestConfigAsks: a person at a terminal is asked, nobody else.
func TestConfigAsks(t *testing.T) {
	for _, command := range [][]string{
		{"config", "update", "Deals", "--exclude-field", "none"},
		{"config", "create", "Accounts", "--lock-type", "manual"},
		{"config", "delete", "Deals"},
	} {
		for name, in := range map[string]struct {
			terminal bool
			in       string
			flags    []string
			code     int
			sent     int
		}{
			"no":               {true, "n\n", nil, 2, 0},
			"nothing":          {true, "\n", nil, 2, 0},
			"yes":              {true, "y\n", nil, 0, 1},
			"told before":      {true, "n\n", []string{"--yes"}, 0, 1},
			"dry run":          {true, "y\n", []string{"--dry-run"}, 0, 0},
			"nobody to answer": {false, "n\n", nil, 0, 1},
		} {
			t.Run(command[1]+" "+name, func(t *testing.T) {
				s := configured(t)
				s.in = in.in
				s.world = func(w *cli.World) { w.InTerminal, w.ErrTerminal = in.terminal, in.terminal }
				o := s.want(s.run(append(command, in.flags...)...), in.code)
				if n := s.configurationsSent(); n != in.sent {
					t.Errorf("%d changes sent, want %d: %s", n, in.sent, o.err)
				}
				if in.code == 2 && !strings.Contains(o.err, "declined: nothing was sent") {
					t.Errorf("said %s", o.err)
				}
			})
		}
	}
}

// TestConfigColours: colours are for terminals that want them.
func TestConfigColours(t *testing.T) {
	s := configured(t)
	for name, in := range map[string]struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		"a file": {false, nil, false}, "a terminal": {true, nil, true},
		"not wanted": {true, map[string]string{"NO_COLOR": "1"}, false}, "dumb": {true, map[string]string{"TERM": "dumb"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			delete(s.env, "NO_COLOR")
			delete(s.env, "TERM")
			for key, value := range in.env {
				s.env[key] = value
			}
			s.world = func(w *cli.World) { w.OutTerminal = in.terminal }
			o := s.want(s.run("config", "update", "Deals", "--exclude-field", "Probability", "--lock-type", "automatic", "--dry-run"), 0)
			for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m"} {
				if strings.Contains(o.out, code) != in.want {
					t.Errorf("colours %v, want %v: %q", !in.want, in.want, o.out)
				}
			}
		})
	}
}

// TestConfigCleansWhatZohoSays: nothing that Zoho sends reaches a terminal as it is.
func TestConfigCleansWhatZohoSays(t *testing.T) {
	const evil = `a\u001b]0;owned\u0007\u202e\udb40\udc41b`
	s := newStage(t).withZoho(func(c *sim.Config) {
		modules := configuredModules()
		modules["Deals"] = sim.Module{Configuration: strings.NewReplacer(`"Won"`, `"`+evil+`"`, `"Closed Won"`, `"`+evil+`"`, `"Send with Zoho Sign"`, `"`+evil+`"`).Replace(dealsConfiguration)}
		c.Modules = modules
	})
	for _, args := range []string{"config get Deals", "config get Deals --json", "config get Deals --yaml", "config update Deals --lock-type manual --dry-run", "config delete Deals"} {
		if args == "config delete Deals" { // and what it wrote can be read again
			for _, format := range []string{"--json", "--yaml"} {
				s.file("kept", s.want(s.run("config", "get", "Deals", format), 0).out)
				s.want(s.run("config", "update", "Deals", "-f", "kept"), 0, "nothing to change")
			}
		}
		if o := s.want(s.run(strings.Fields(args)...), 0); strings.ContainsAny(o.out+o.err, "\x1b\x07\u202e\U000e0041") {
			t.Errorf("%s: %q %q", args, o.out, o.err)
		}
	}
}

// TestConfigRefusals: nothing is sent, and the exit code says why.
func TestConfigRefusals(t *testing.T) {
	s := configured(t)
	s.file("other.json", `{"id":"5843104000000999999","lock_type":"manual"}`)
	s.file("types.yaml", "lock_type: 7\nexcluded_fields: Stage\n")
	s.file("anchors.yaml", "lock_type: &a manual\nlocked_for: *a\n")
	s.file("strange.yaml", "lock_type: manual\nzia_says: 7\n")
	s.file("gone.yaml", "locking_rules:\n- {id: 5843104000000700000, _delete: true}\n- {name: Nobody, _delete: true}\n")
	s.file("twice.yaml", "locking_rules:\n- {name: Won, _delete: true}\n- {id: '5843104000000766034', name: Other}\n")
	s.file("remade.yaml", "locking_rules:\n- {id: '5843104000000700000', name: Lost, lock_existing_records: true}\n")
	s.file("deleted.yaml", "locking_rules:\n- {id: '5843104000000700000', name: Old, criteria: {comparator: equal, field: {api_name: Stage}, value: Won}}\n")
	s.file("empty.yaml", "# nothing\n")
	for _, in := range []struct {
		args string
		code int
		says string
	}{
		{"config update Deals -f other.json", 2, "configuration 5843104000000999999"},
		{"config update Deals -f types.yaml", 2, "record_locking_configurations[0].lock_type: must be text"},
		{"config update Deals -f anchors.yaml", 2, "anchors"},
		{"config update Deals -f empty.yaml", 2, "it is empty"},
		{"config update Deals -f missing.yaml", 2, "no such file"},
		{"config update Deals -f gone.yaml", 2, "locking_rules[0].id: no rule of the module has it: 5843104000000700000; leave it out, or name one there is: Won, Lost"},
		{"config update Deals -f remade.yaml", 2, `no rule of the module has it: 5843104000000700000; leave the id out to change the rule that is called "Lost" now`},
		{"config update Deals -f deleted.yaml", 2, "no rule of the module has it: 5843104000000700000; leave the id out to have the rule made anew, or the whole entry to do without it"},
		{"config update Deals -f twice.yaml", 2, "locking_rules[1].id: another entry names this rule too"},
		{"config update Accounts --lock-type manual", 2, "zlock config create Accounts"},
		{"config update Deals --restrict dlete", 2, "did you mean delete?"},
		{"config update Deals --lock-existing", 2, "goes with --rule"},
		{"config update Deals --lock-type automatik", 2, "record_locking_configurations[0].lock_type"},
		{"config update Deals --remove-rule Nobody", 2, "no rule of the module has it: Nobody"},
		{"config create Deals --lock-type manual", 2, "already"},
		{"config create Campaigns --lock-type manual", 4, "cannot be locked"},
		{"config get Deals --json --yaml", 2, "exclude each other"},
		{"config get", 2, "one MODULE"},
		{"config gett Deals", 2, "did you mean get?"},
		{"config get Deals --lock-type both", 2, "not a flag of zlock config get"},
	} {
		s.want(s.run(strings.Fields(in.args)...), in.code, in.says)
	}
	s.want(s.run("config", "update", "Deals", "-f", "strange.yaml", "--dry-run"), 0, "zia_says is not a key that Zoho documents")
	s.env["ZLOCK_SIMULATE"] = "true"
	s.want(s.run("config", "get", "Deals"), 2, "no rehearsal")
	s.want(s.run("modules"), 2, "no rehearsal")
	if n := s.configurationsSent(); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
}

// TestConfigStanding: what stands in the user's way is told with what to do, and exits 4.
func TestConfigStanding(t *testing.T) {
	for name, in := range map[string]struct {
		standing sim.Standing
		says     string
	}{
		"permission": {sim.Standing{PermissionDenied: []sim.Op{sim.OpConfiguration}}, "permission to customize Zoho CRM"},
		"edition":    {sim.Standing{EditionBarred: true}, "not part of this organisation's edition"},
		"scope":      {sim.Standing{ScopeMissing: []sim.Op{sim.OpConfiguration}}, "ZohoCRM.settings.record_locking_configurations.READ"},
		"change":     {sim.Standing{ScopeMissing: []sim.Op{sim.OpConfigure}}, "ZohoCRM.settings.record_locking_configurations.ALL"},
	} {
		t.Run(name, func(t *testing.T) {
			s := configured(t)
			s.org.SetStanding(in.standing)
			s.want(s.run("config", "update", "Deals", "--lock-type", "automatic"), 4, in.says)
		})
	}
}

// TestConfigAnswerLost: a change whose answer is lost is looked for; one that was turned away is made again.
func TestConfigAnswerLost(t *testing.T) {
	fault := func(kind sim.Kind, nth int) []sim.Fault {
		return []sim.Fault{{Match: sim.Match{Op: sim.OpConfigure, Nth: nth}, Do: kind}}
	}
	for name, in := range map[string]struct {
		faults []sim.Fault
		args   string
		code   int
		says   string
		sent   int
	}{
		"update, done":       {fault(sim.DropAfter, 1), "config update Deals --lock-type automatic", 0, "is updated", 1},
		"update, not done":   {fault(sim.Status500Before, 1), "config update Deals --lock-type automatic", 7, "500 INTERNAL_ERROR", 1},
		"create, done":       {fault(sim.Status500After, 1), "config create Accounts --lock-type manual", 0, "is created", 1},
		"create, not done":   {fault(sim.DropBefore, 1), "config create Accounts --lock-type manual", 7, "zlock config get Accounts", 1},
		"delete, done":       {fault(sim.DropAfter, 1), "config delete Deals", 0, "is deleted", 1},
		"delete, not done":   {fault(sim.Status500Before, 1), "config delete Deals", 7, "500 INTERNAL_ERROR", 1},
		"turned away":        {fault(sim.Throttle429, 1), "config update Deals --lock-type automatic", 0, "is updated", 2},
		"turned away always": {fault(sim.Throttle429, 0), "config update Deals --lock-type automatic", 7, "429", 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(0, func(c *sim.Config) { c.Modules, c.Script = configuredModules(), in.faults })
				s.want(s.run(strings.Fields(in.args)...), in.code, in.says)
				if n := s.configurationsSent(); n != in.sent {
					t.Errorf("%d changes sent, want %d", n, in.sent)
				}
			})
		})
	}
}

// TestConfigBooksItsCredits: what it costs is on the org's ledger, once there is one.
func TestConfigBooksItsCredits(t *testing.T) {
	s := configured(t)
	s.want(s.run("run", s.locks("one.csv", 0, 1)), 0)
	s.want(s.run("config", "get", "Deals"), 0)
	s.want(s.run("config", "update", "Deals", "--lock-type", "automatic", "--credits-per-day", "3"), 6, "credits")
	if n := s.configurationsSent(); n != 0 {
		t.Errorf("%d changes sent beyond the credits", n)
	}
}

// TestConfigJSON: with --json standard output is one document, whatever happens.
func TestConfigJSON(t *testing.T) {
	s := configured(t)
	for _, in := range []struct{ args, result string }{
		{"config update Deals --lock-type automatic --dry-run --json", "planned"},
		{"config update Deals --lock-type automatic --json", "updated"},
		{"config update Deals --lock-type automatic --json", "unchanged"},
		{"config update Deals --lock-type automatik --json", "refused"},
		{"config create Accounts --lock-type manual --json", "created"},
		{"config delete Accounts --json", "deleted"},
		{"config delete Accounts --json", "unchanged"},
	} {
		o := s.run(strings.Fields(in.args)...)
		var document struct {
			Module, Result string
			Changes        []struct{ Change, Key string }
			Faults         []struct{ Key, Code, What string }
			Credits        int
		}
		decoder := json.NewDecoder(strings.NewReader(o.out))
		decoder.DisallowUnknownFields()
		var whole map[string]any
		if err := json.Unmarshal([]byte(o.out), &whole); err != nil || len(whole) != 8 {
			t.Fatalf("%s: %v in %q", in.args, err, o.out)
		}
		if err := json.Unmarshal([]byte(o.out), &document); err != nil || document.Result != in.result {
			t.Errorf("%s: %v, %+v", in.args, err, document)
		}
		if (document.Result == "refused") != (len(document.Faults) > 0 && o.code == 2) {
			t.Errorf("%s: faults %v, code %d", in.args, document.Faults, o.code)
		}
	}
}

// TestConfigDocument: the file that the documentation shows is one.
func TestConfigDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no example")
	}
	s := configured(t)
	s.file("deals.yaml", strings.Replace(example, "Old rule", "Lost", 1))
	s.want(s.run("config", "update", "Deals", "-f", "deals.yaml"), 0, "is updated")
	s.want(s.run("config", "get", "Deals"), 0)
}
