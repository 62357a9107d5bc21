package cli_test

import (
	"strings"
	"testing"
)

func TestValuesAreChecked(t *testing.T) {
	for _, in := range []struct {
		args string
		env  string // a variable, and its value
		says string
	}{
		{args: "--concurrency 0", says: "--concurrency 0: must be a whole number from 1 to 25; no edition"},
		{args: "--concurrency -1", says: "from 1 to 25"},
		{args: "--concurrency 1000 --edition enterprise", says: "--concurrency 1000: must be a whole number from 1 to 20; the edition enterprise takes no more"},
		{args: "--concurrency 6 --edition free", says: "from 1 to 5"},
		{args: "--concurrency two", says: "--concurrency two"},
		{env: "ZLOCK_CONCURRENCY=1.5", says: "ZLOCK_CONCURRENCY=1.5: must be"},
		{args: "--edition gold", says: "--edition gold: must be one of free, standard"},
		{args: "--edition enterprize", says: "did you mean enterprise"},
		{args: "--rate NaN", says: "--rate NaN: must be a number from 0 to 1000"},
		{args: "--rate -1", says: "--rate -1"},
		{args: "--rate Inf", says: "--rate Inf"},
		{args: "--max-credits 0", says: "from 1 to"},
		{args: "--credits-per-day 0", says: "--credits-per-day 0"},
		{args: "--reserve 101%", says: "--reserve 101%: must be from 0 to less than the day's 50,000 credits"},
		{args: "--reserve 5000 --edition free", says: "the day's 5,000 credits"},
		{args: "--reserve NaN%", says: "--reserve NaN%"},
		{args: "--reserve -1", says: "--reserve -1"},
		{args: "--settle 60", says: "--settle 60: must be a span from 1s to 1d, such as 90s"},
		{args: "--settle 0s", says: "from 1s"},
		{args: "--attempts 0", says: "from 1 to 100"},
		{args: "--max-failures 0", says: "from 1 to"},
		{args: "--max-failure-rate 0%", says: "a percentage above 0 and up to 100, or none"},
		{args: "--max-failure-rate nan", says: "a percentage"},
		{args: "--max-outage 8d", says: "from 1s to 7d"},
		{args: "--max-duration 0s", says: "--max-duration 0s"},
		{args: "--until 25:00", says: "a time such as 06:00"},
		{args: "--until 2001-01-01T00:00", says: "in the future"},
		{args: "--limit 0", says: "from 1 to"},
		{args: "--limit 99999999999999999999", says: "--limit 99999999999999999999"},
		{args: "--grace 2d", says: "from 0s to 1h"},
		{args: "--wait soon", says: "--wait soon"},
		{args: "--on-locked fial", says: "did you mean fail"},
		{args: "--on-invalid ignore", says: "one of stop, skip"},
		{args: "--on-conflict last", says: "one of stop, sequence"},
		{args: "--map id", says: "field=Column"},
		{args: "--map nonsense=Id", says: "the fields are record_id module"},
		{args: "--map module=A --map module=B", says: "each field once"},
		{args: "--max-record 0", says: "a size from 1"},
		{args: "--max-file-size 2XB", says: "such as 65536, 64KiB or 2GiB"},
		{args: "--max-rows 0", says: "--max-rows 0"},
		{args: "--log-level loud", says: "one of debug, info, warn, error"},
		{env: "ZLOCK_YES=perhaps", says: "ZLOCK_YES=perhaps: must be true or false"},
		{args: "--profile ../x", says: "--profile ../x"},
		{args: "--api-version latest", says: "API version"},
	} {
		t.Run(in.args+in.env, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			if key, value, ok := strings.Cut(in.env, "="); ok {
				s.env[key] = value
			}
			s.want(s.run(append([]string{"run", s.locks("job.csv", 0, 3)}, strings.Fields(in.args)...)...), 2, in.says)
			if n := s.org.Stats().Calls; n != 0 {
				t.Errorf("%d calls were made", n)
			}
		})
	}
}

func TestValuesAreTaken(t *testing.T) {
	for _, args := range []string{
		"--edition ULTIMATE --concurrency 25", "--edition free", "--rate 0.5e2 --limit 1", "--reserve 99.9%", "--reserve 0%",
		"--settle 1h", "--max-failure-rate 5", "--max-failure-rate none", "--until 23:59", "--until 2999-01-01T00:00",
		"--max-duration 1.5d", "--max-rows 5_000", "--max-record 1MB --max-file-size 1g", "--api-version v7", "--polite",
		"--map reason=reason --map record_id=record_id", "--tag-reason", "--grace 0s", "--wait 1m", "--yes=false",
	} {
		t.Run(args, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			o := s.run(append([]string{"run", s.locks("job.csv", 0, 2)}, strings.Fields(args)...)...)
			if o.code != 0 && o.code != 6 {
				t.Errorf("exit code %d: %s", o.code, o.err)
			}
		})
	}
}

func TestFlagBeatsVariableBeatsProfile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.file("zlock.yaml", "profiles:\n  acme:\n    limit: 1\n")
	s.want(s.run("run", s.locks("a.csv", 0, 9), "--config", "zlock.yaml"), 2, "limit: cannot stand in a profile")
	s.file("zlock.yaml", "profiles:\n  acme:\n    attempts: 0\n    on_locked: fail\n")
	s.env["ZLOCK_CONFIG"] = "zlock.yaml"
	s.want(s.run("run", "a.csv"), 2, `attempts "0" of profile acme`)
	s.env["ZLOCK_ATTEMPTS"] = "-1"
	s.want(s.run("run", "a.csv"), 2, "ZLOCK_ATTEMPTS=-1")
	s.want(s.run("run", "a.csv", "--attempts", "-2"), 2, "--attempts -2")
	s.want(s.run("run", "a.csv", "--attempts", "2"), 0)
	if o := s.run("status", "--json"); !strings.Contains(o.out, `"profile":"acme"`) {
		t.Errorf("status %s", o.out)
	}
	s.want(s.run("run", "a.csv", "--attempts", "2", "--again"), 5, "ALREADY_LOCKED") // on_locked of the profile
}

func TestStrangeVariables(t *testing.T) {
	s := newStage(t)
	s.env["ZLOCK_CONCURENCY"] = "3"
	o := s.want(s.run("run", s.locks("job.csv", 0, 2), "--simulate"), 0, "ZLOCK_CONCURENCY is not known", "did you mean ZLOCK_CONCURRENCY")
	if n := strings.Count(o.err, "ZLOCK_CONCURENCY"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

func TestConfigurationFile(t *testing.T) {
	for _, in := range []struct{ name, yaml, args, says string }{
		{"unknown key", "profile:\n  a: {}\n", "", "line 2: unknown key profile; did you mean profiles?"},
		{"unknown setting", "profiles:\n  a:\n    concurency: 3\n", "", "line 3: unknown key concurency; did you mean concurrency?"},
		{"secret", "profiles:\n  a:\n    client_secret: x\n", "", "credentials never stand in this file"},
		{"token", "profiles:\n  a:\n    refresh_token: x\n", "", "credentials never stand in this file"},
		{"twice", "profiles:\n  a:\n    dc: eu\n    dc: us\n", "", "dc"},
		{"list", "profiles:\n  a:\n    dc: [eu]\n", "", "dc: must be one value"},
		{"null", "profiles:\n  a:\n    dc:\n", "", "dc: must be one value"},
		{"no mapping", "- a\n", "", "must be a list of key: value"},
		{"not YAML", "profiles: [\n", "", "read configuration"},
		{"bad name", "profiles:\n  ../a: {}\n", "", "a name is letters"},
		{"host with a path", "allow_hosts: [example.com/x]\n", "", "not the exact name of a host"},
		{"several and none named", "profiles:\n  a: {}\n  b: {}\n", "", "--profile is needed"},
		{"not there", "profiles:\n  acme: {}\n  other: {}\n", "--profile acm", "did you mean acme?"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t)
			s.file("zlock.yaml", in.yaml)
			args := append([]string{"run", s.locks("job.csv", 0, 2), "--simulate", "--config", "zlock.yaml"}, strings.Fields(in.args)...)
			s.want(s.run(args...), 2, in.says)
		})
	}
}

func TestConfigurationIsFoundAtHome(t *testing.T) {
	s := newStage(t)
	s.env["XDG_CONFIG_HOME"] = s.dir + "/config"
	s.mkdir("config/zlock")
	s.file("config/zlock/zlock.yaml", "profiles:\n  a: {edition: free}\n  b: {edition: ultimate}\n")
	s.want(s.run("run", s.locks("job.csv", 0, 2), "--simulate"), 2, "--profile is needed")
	s.want(s.run("run", "job.csv", "--simulate", "--profile", "a"), 0, "with 2 calls at once")
	s.env["ZLOCK_PROFILE"] = "b"
	s.want(s.run("run", "job.csv", "--simulate"), 0, "with 12 calls at once") // a checkpoint of its own
	s.want(s.run("runs", "--profile", "a"), 0)
}

func TestAllowedHost(t *testing.T) {
	s := newStage(t)
	s.file("zlock.yaml", "allow_hosts: [crm.example.com]\n")
	s.env["ZLOCK_ACCESS_TOKEN"] = "x"
	s.locks("job.csv", 0, 2)
	for host, want := range map[string]string{"https://crm.example.com": "no such file", "https://crm.example.org": "--api-url"} {
		s.want(s.run("run", "nosuch.csv", "--config", "zlock.yaml", "--api-url", host), 2, want)
	}
}
