package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// TestModulesUnseen: what the signed-in user may not see is told as not known, once, and asked for no more.
func TestModulesUnseen(t *testing.T) {
	s := configured(t)
	s.org.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.OpConfiguration}})
	o := s.want(s.run("modules", "--json"), 0, "how modules are configured is not known", "permission to customize")
	var document struct {
		Modules []struct {
			APIName    string `json:"api_name"`
			Lockable   string
			Configured *string
		}
		Credits int
	}
	if err := json.Unmarshal([]byte(o.out), &document); err != nil {
		t.Fatal(err)
	}
	if document.Credits != 2 || strings.Count(o.err, "not known") != 1 {
		t.Errorf("%d credits, said %s", document.Credits, o.err)
	}
	for _, m := range document.Modules {
		if unknown := m.Configured == nil; unknown != (m.Lockable != "no") {
			t.Errorf("%s: lockable %s, configured %v", m.APIName, m.Lockable, m.Configured)
		}
	}
	if o := s.want(s.run("modules"), 0); !strings.Contains(o.out, "Offers     Offers     perhaps   ?") {
		t.Errorf("printed\n%s", o.out)
	}
}

// TestModulesUncounted: where records cannot be counted the rest is told all the same.
func TestModulesUncounted(t *testing.T) {
	s := configured(t)
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpQuery}})
	o := s.want(s.run("modules", "--count"), 0, "how many records of Leads are locked is not known", "ZohoCRM.coql.READ")
	if !strings.Contains(o.out, "manual           -") {
		t.Errorf("printed\n%s", o.out)
	}
}

// TestModulesNeverConfigured: without Zoho's module of locks there is nothing to ask for.
func TestModulesNeverConfigured(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.Modules = map[string]sim.Module{"Leads": {Locking: sim.NotConfigured}, "Offers": {Locking: sim.NotConfigured, Custom: true}}
	})
	s.want(s.run("modules"), 0, "1 credit", "not configured for any module")
}

func TestModulesRefusals(t *testing.T) {
	s := configured(t)
	s.want(s.run("modules", "a", "b"), 2, "one MODULE at most")
	s.want(s.run("modules", "--fields"), 2, "goes with a MODULE")
	s.want(s.run("modules", "../x"), 2, "API name")
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpModules}})
	s.want(s.run("modules"), 4, "ZohoCRM.settings.modules.READ")
	if n := len(s.org.Log()); n != 2 { // the token, and the one refused
		t.Errorf("%d calls", n)
	}
}

// TestConfigHelp: the help of every command of config has an example and its exit codes, in 80 columns.
func TestConfigHelp(t *testing.T) {
	s := newStage(t)
	parent := s.want(s.run("config", "--help"), 0).out
	for _, name := range []string{"get", "create", "update", "delete"} {
		if !strings.Contains(parent, "\n  "+name+" ") {
			t.Errorf("%s is not listed", name)
		}
		help := s.want(s.run("config", name, "--help"), 0).out
		if s.run("help", "config", name).out != help {
			t.Errorf("zlock help config %s differs from its --help", name)
		}
		for _, part := range []string{"Usage:\n  zlock config " + name + " MODULE", "Example:\n  ", "Exit codes:\n  0  "} {
			if !strings.Contains(help, part) {
				t.Errorf("the help of %s lacks %q", name, part)
			}
		}
		for line := range strings.Lines(help + parent) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}
