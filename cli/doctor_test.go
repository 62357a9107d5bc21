package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/checkpoint"
	"zlock/cli"
	"zlock/zoho/sim"
)

// check is one line of doctor --json.
type check struct {
	Check, Level, Says string
	Module, ToDo       *string
}

// doctor examines and returns what was found of one thing; the last of several.
func (s *stage) doctor(code int, args ...string) map[string]check {
	s.t.Helper()
	o := s.want(s.run(append([]string{"doctor", "--json"}, args...)...), code)
	var d struct {
		Profile        string
		OK, Warn, Fail int
		Checks         []check
	}
	if err := json.Unmarshal([]byte(o.out), &d); err != nil {
		s.t.Fatalf("%v in %q", err, o.out)
	}
	found := map[string]check{}
	for _, c := range d.Checks {
		name := c.Check
		if c.Module != nil {
			name = *c.Module + " " + name
		}
		found[name] = c
	}
	if d.OK+d.Warn+d.Fail != len(d.Checks) || (d.Fail > 0) != (code != 0) {
		s.t.Errorf("counts do not add up, or do not fit the code %d: %s", code, o.out)
	}
	return found
}

func TestDoctorScreens(t *testing.T) {
	mixed := map[string]sim.Module{
		"Leads": {}, "Deals": {Locking: sim.LockingManual}, "Quotes": {Locking: sim.LockingAutomatic},
		"Tasks": {Locking: sim.NotConfigured}, "Cases": {Locking: sim.RelationMissing}, "Calls": {Locking: sim.Unsupported},
	}
	s := newStage(t).withZoho(func(c *sim.Config) { c.Modules = mixed })
	s.world = func(w *cli.World) { w.NetworkFS = func(string) string { return "" } }
	s.env["ZLOCK_EDITION"] = "enterprise"
	for _, screen := range []struct{ name, args string }{
		{"nothing-yet", "doctor"},
		{"module", "doctor leads"},
		{"modules", "doctor Leads Deals Quotes Tasks Cases Calls Nothing"},
		{"probe", "doctor Leads --probe leads/zcrm_" + leadID(300)},
		{"probe-unlocked", "doctor --probe Leads/" + leadID(3)},
		{"probe-nothing", "doctor --probe Leads/5843104000000999999"},
		{"json", "doctor Leads --json"},
		{"quiet", "doctor Tasks --quiet"},
		{"help", "doctor --help"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(strings.Fields(screen.args)...)
			got := "$ zlock " + screen.args + "\n" + steady(s.placeless(o.out)) + "--- standard error\n" + steady(s.placeless(o.err)) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "doctor", screen.name+".golden"), got)
		})
	}
}

// placelessly is what differs from one machine to the next: how a line was folded before the directory,
// whose length nobody knows, and what hangs on how fast the machine is.
var placelessly = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\s+DIR`), " DIR"},
	{regexp.MustCompile(`good for \d+[hm] \d+[ms]`), "good for LIFE"},
	{regexp.MustCompile(`within \d+s of`), "within SECONDS of"},
}

// placeless takes out of a text what hangs on the machine.
func (s *stage) placeless(text string) string {
	text = strings.ReplaceAll(text, s.dir, "DIR")
	for _, p := range placelessly {
		text = p.pattern.ReplaceAllString(text, p.instead)
	}
	return text
}

// What cannot be known for want of a scope or a permission is no hindrance where a run does without it.
func TestDoctorFindings(t *testing.T) {
	type want struct{ name, level, says string }
	for _, in := range []struct {
		name   string
		change func(*sim.Config)
		env    map[string]string
		code   int
		args   string
		want   []want
	}{
		{name: "no credentials", env: map[string]string{"ZLOCK_REFRESH_TOKEN": ""}, code: 2,
			want: []want{{"credentials", "fail", "ZLOCK_REFRESH_TOKEN not set"}, {"checkpoint", "ok", "none yet"}}},
		{name: "foreign host", env: map[string]string{"ZLOCK_API_URL": "https://www.zohoapis.com.evil.test"}, code: 2,
			want: []want{{"credentials", "fail", "evil.test"}}},
		{name: "setting", env: map[string]string{"ZLOCK_RATE": "fast"}, code: 2, want: []want{{"settings", "fail", "ZLOCK_RATE=fast"}}},
		{name: "wrong secret", env: map[string]string{"ZLOCK_CLIENT_SECRET": "another"}, code: 4,
			want: []want{{"sign-in", "fail", "access token"}, {"credentials", "ok", "a refresh token"}}},
		{name: "scopes for looking round", change: func(c *sim.Config) {
			c.Standing.ScopeMissing = []sim.Op{sim.OpOrg, sim.OpUsers, sim.OpConfiguration}
		}, args: "Leads", want: []want{{"org", "warn", "not known: organisation: 401 OAUTH_SCOPE_MISMATCH"}, {"user", "warn", "not known"},
			{"Leads locking", "warn", "not known"}, {"Leads reading", "ok", "can be read"}}},
		{name: "scope for locks", change: func(c *sim.Config) { c.Standing.ScopeMissing = []sim.Op{sim.OpList} }, args: "Leads", code: 4,
			want: []want{{"Leads locking", "ok", "configured"}, {"Leads reading", "fail", "OAUTH_SCOPE_MISMATCH"}}},
		{name: "configuration is for administrators", change: func(c *sim.Config) {
			c.Standing.PermissionDenied = []sim.Op{sim.OpConfiguration}
		}, args: "Leads", want: []want{{"Leads locking", "warn", "not known: read configuration Leads: 403 NO_PERMISSION"}}},
		{name: "profile", change: func(c *sim.Config) { c.Standing.ProfileBarred = true }, args: "Leads", code: 4,
			want: []want{{"Leads reading", "fail", "for the profile of the user"}}},
		{name: "edition without locking", change: func(c *sim.Config) { c.Standing.EditionBarred = true }, args: "Leads", code: 4,
			want: []want{{"Leads locking", "fail", "FEATURE_NOT_SUPPORTED"}}},
		{name: "edition not set", want: []want{{"edition", "warn", "enterprise, and none is set: 5 calls at once"}}},
		{name: "another edition", env: map[string]string{"ZLOCK_EDITION": "free"}, want: []want{{"edition", "warn", "enterprise, and free is set"}}},
		{name: "clock behind", change: func(c *sim.Config) { c.Skew = 10 * time.Minute }, want: []want{{"clock", "warn", "behind Zoho's"}}},
		{name: "clock ahead", change: func(c *sim.Config) { c.Skew = -10 * time.Minute }, want: []want{{"clock", "warn", "ahead of Zoho's"}}},
		{name: "composite", change: func(c *sim.Config) { c.Composite = sim.CompositeReads }, args: "--probe Leads/" + leadID(3),
			want: []want{{"Leads composite", "ok", "takes reads of locks"}}},
		{name: "a lock by a rule", args: "--probe Leads/5843104000000109002", want: []want{{"Leads probe", "ok", "by a rule of the module"}}},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(in.change)
			for name, value := range in.env {
				s.env[name] = value
			}
			found := s.doctor(in.code, strings.Fields(in.args)...)
			for _, w := range in.want {
				if got := found[w.name]; got.Level != w.level || !strings.Contains(got.Says, w.says) {
					t.Errorf("%s: %s %q, want %s %q", w.name, got.Level, got.Says, w.level, w.says)
				}
			}
			if s.org.Stats().Applied != 0 {
				t.Error("it changed a lock")
			}
			if _, err := os.Stat(filepath.Join(s.dir, "state", "default.db")); err == nil {
				t.Error("it made a checkpoint")
			}
		})
	}
}

// rewriting is a way to Zoho on which an answer is edited.
type rewriting struct {
	http.RoundTripper
	path string
	edit []string // old, new, old, new …
}

func (r rewriting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.RoundTripper.RoundTrip(req)
	if err != nil || !strings.HasSuffix(req.URL.Path, r.path) {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(strings.NewReader(strings.NewReplacer(r.edit...).Replace(string(body))))
	resp.ContentLength = -1
	return resp, nil
}

func TestDoctorReadsBetweenTheLines(t *testing.T) {
	const configuration = "record_locking_configurations"
	but := func(profile string) []string {
		return []string{`"locked_for":"all_profiles"`, `"locked_for":"all_profiles_except_excluded_profiles"`,
			`"lock_excluded_profiles":null`, `"lock_excluded_profiles":[` + profile + `]`}
	}
	for _, in := range []struct {
		name, path   string
		edit         []string
		check, level string
		says         string
	}{
		{"left out", configuration, but(`{"name":"Administrator","id":"5843104000000026011"}`), "Leads binds", "warn", "the profile Administrator is left out"},
		{"others left out", configuration, but(`{"name":"Auditor","id":"7"}`), "Leads binds", "ok", "the profiles Auditor are left out"},
		{"another data centre", "oauth/v2/token", []string{`"api_domain":"`, `"api_domain":"https://www.zohoapis.eu","was":"`}, "data centre", "warn", "www.zohoapis.eu"},
		{"what a terminal would obey", "/org", []string{"Simulated Organisation", `\u001b]0;owned\u0007`}, "org", "ok", "owned"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.world = func(w *cli.World) { w.Transport = rewriting{http.DefaultTransport, in.path, in.edit} }
			if got := s.doctor(0, "Leads")[in.check]; got.Level != in.level || !strings.Contains(got.Says, in.says) {
				t.Errorf("%+v", got)
			}
			if o := s.want(s.run("doctor", "Leads"), 0); strings.ContainsAny(o.out+o.err, "\x1b\x07") {
				t.Errorf("%q %q", o.out, o.err)
			}
		})
	}
}

// What stands on the disk is looked at whether Zoho answers or not.
func TestDoctorLooksAtTheDisk(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 5), "--limit", "2"), 6)
	run, db := s.status().Run, filepath.Join(s.dir, "state", "default.db")
	found := s.doctor(0)
	if c := found["checkpoint"]; c.Level != "ok" || !strings.Contains(c.Says, "whole") {
		t.Errorf("checkpoint %+v", c)
	}
	if c := found["runs"]; c.Level != "warn" || !strings.Contains(*c.ToDo, "zlock resume "+run) || !strings.Contains(c.Says, "3 rows left") {
		t.Errorf("runs %+v", c)
	}
	if c := found["files"]; c.Level != "ok" {
		t.Errorf("files %+v", c)
	}
	if c := found["credits"]; !strings.HasPrefix(c.Says, "4 of 50,000") { // two locks, and two of the doctor's own
		t.Errorf("credits %+v", c)
	}
	if c := s.doctor(0)["credits"]; !strings.HasPrefix(c.Says, "6 of 50,000") {
		t.Errorf("the doctor's own calls are not booked: %+v", c)
	}

	files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "owner.lock"))
	if err != nil || len(files) != 1 {
		t.Fatalf("owners' files %v, %v", files, err)
	}
	owner, err := checkpoint.Own(files[0], checkpoint.Holder{PID: 77, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.doctor(0)["owner"]; c.Level != "warn" || !strings.Contains(c.Says, "process 77 on elsewhere") {
		t.Errorf("owner %+v", c)
	}
	owner.Release()

	if err := os.Chmod(db, 0o644); err != nil {
		t.Fatal(err)
	}
	if c := s.doctor(0)["files"]; c.Level != "warn" || !strings.HasPrefix(*c.ToDo, "chmod 600 ") {
		t.Errorf("files %+v", c)
	}
	for name, code := range map[string]int{"--allow-network-fs": 0, "--allow-network-fs=false": 2} {
		s.world = func(w *cli.World) { w.NetworkFS = func(string) string { return "NFS" } }
		if c := s.doctor(code, name)["file system"]; !strings.Contains(c.Says, "NFS") {
			t.Errorf("file system %+v", c)
		}
	}
	s.world = nil
	if err := os.WriteFile(db, []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if c := s.doctor(2)["checkpoint"]; c.Level != "fail" {
		t.Errorf("checkpoint %+v", c)
	}
}

// Where Zoho does not answer, that is said once, and the rest is looked at all the same.
func TestDoctorWithoutZoho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, func(c *sim.Config) { c.Script = []sim.Fault{{Do: sim.Outage}} })
		found := s.doctor(4, "Leads")
		if c := found["org"]; c.Level != "fail" || c.ToDo == nil {
			t.Errorf("org %+v", c)
		}
		if _, looked := found["Leads locking"]; looked || found["checkpoint"].Level != "ok" {
			t.Errorf("found %+v", found)
		}
	})
}

func TestDoctorUsage(t *testing.T) {
	s := newStage(t).withZoho(nil)
	for args, says := range map[string]string{
		"doctor Le/ads":          "no module's API name",
		"doctor --probe 123":     "must be MODULE/ID",
		"doctor --probe Leads/x": "not a record id",
	} {
		if o := s.want(s.run(strings.Fields(args)...), 2, says); o.out != "" {
			t.Errorf("%s: %q", args, o.out)
		}
	}
}
