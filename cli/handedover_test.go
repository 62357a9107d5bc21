package cli_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// handedOver moves the stage's credentials from its variables into files, as systemd's LoadCredential= does.
func (s *stage) handedOver() {
	s.t.Helper()
	s.mkdir("creds")
	s.env["CREDENTIALS_DIRECTORY"] = filepath.Join(s.dir, "creds")
	for _, name := range []string{"ZLOCK_CLIENT_ID", "ZLOCK_CLIENT_SECRET", "ZLOCK_REFRESH_TOKEN"} {
		s.file("creds/"+name, s.env[name]+"\n")
		delete(s.env, name)
	}
	s.file("creds/other-service", "nothing of ours")
}

func TestCredentialsHandedOver(t *testing.T) {
	for name, in := range map[string]struct {
		change func(s *stage)
		code   int
		says   string
	}{
		"all of them":         {func(*stage) {}, 0, "completed"},
		"blanks around":       {func(s *stage) { s.file("creds/ZLOCK_REFRESH_TOKEN", "\r\n "+refreshOfTests+" \r\n\n") }, 0, "completed"},
		"a variable wins":     {func(s *stage) { s.file("creds/ZLOCK_CLIENT_ID", "nobody"); s.env["ZLOCK_CLIENT_ID"] = "client" }, 0, "completed"},
		"an empty variable":   {func(s *stage) { s.env["ZLOCK_CLIENT_ID"] = "" }, 0, "completed"},
		"one of them missing": {func(s *stage) { s.env["CREDENTIALS_DIRECTORY"] += "/nosuch" }, 2, "no credentials: ZLOCK_CLIENT_ID"},
		"an empty one":        {func(s *stage) { s.file("creds/ZLOCK_CLIENT_ID", "\n") }, 2, "no credentials: ZLOCK_CLIENT_ID not set"},
		"two lines":           {func(s *stage) { s.file("creds/ZLOCK_REFRESH_TOKEN", "one\ntwo") }, 2, "creds/ZLOCK_REFRESH_TOKEN: it holds more than one line"},
		"a directory of another's": {func(s *stage) {
			s.file("creds/file", "")
			s.env["CREDENTIALS_DIRECTORY"] += "/file"
			s.env["ZLOCK_CLIENT_ID"], s.env["ZLOCK_CLIENT_SECRET"], s.env["ZLOCK_REFRESH_TOKEN"] = "client", secretOfTests, refreshOfTests
		}, 0, "completed"},
		"no file":               {func(s *stage) { s.mkdir("creds/ZLOCK_ACCESS_TOKEN") }, 2, "creds/ZLOCK_ACCESS_TOKEN: it is not a file"},
		"too large":             {func(s *stage) { s.file("creds/ZLOCK_ACCESS_TOKEN", strings.Repeat("x", 70_000)) }, 2, "it is too large"},
		"none, and a rehearsal": {func(s *stage) { s.env["CREDENTIALS_DIRECTORY"] += "/nosuch"; s.env["ZLOCK_SIMULATE"] = "true" }, 0, "completed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.handedOver()
			in.change(s)
			o := s.want(s.run("run", s.locks("job.csv", 0, 2)), in.code, in.says)
			for _, secret := range []string{secretOfTests, refreshOfTests} {
				if strings.Contains(o.out+o.err, secret) {
					t.Errorf("a secret came out: %s%s", o.out, o.err)
				}
			}
			s.want(s.run("runs"), 0) // which needs none
		})
	}
}

// TestHandedOverStaysHere: what others are told with gets neither the credentials nor the way to them, and an
// answer that repeats one of them is not repeated.
func TestHandedOverStaysHere(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.handedOver()
	command, read := s.withHook()
	s.file("job.csv", "record_id,module,action,reason\n"+leadID(0)+",Leads,lock,"+secretOfTests+"\n")
	s.want(s.run("run", "job.csv", "--notify", command("ok")), 0)
	for _, h := range read() {
		if slices.ContainsFunc(h.Env, func(pair string) bool {
			return strings.HasPrefix(pair, "CREDENTIALS_DIRECTORY=") || strings.Contains(pair, secretOfTests) || strings.Contains(pair, refreshOfTests)
		}) {
			t.Errorf("the command was given %q", h.Env)
		}
	}
	if o := s.want(s.run("results"), 0); strings.Contains(o.out, secretOfTests) {
		t.Errorf("results %s", o.out)
	}
}

// TestLoginReadsWhatIsHandedOver: a client secret that cannot be used is told, and nobody is asked for another.
func TestLoginReadsWhatIsHandedOver(t *testing.T) {
	for name, in := range map[string]struct {
		secret string
		code   int
		says   string
	}{
		"one line":  {secretOfTests, 0, "signed in"},
		"two lines": {secretOfTests + "\nand more", 2, "it holds more than one line"},
	} {
		t.Run(name, func(t *testing.T) {
			s := signingIn(t, nil)
			delete(s.env, "ZLOCK_CLIENT_SECRET")
			s.mkdir("creds")
			s.env["CREDENTIALS_DIRECTORY"] = filepath.Join(s.dir, "creds")
			s.file("creds/ZLOCK_CLIENT_SECRET", in.secret)
			o := s.login(in.code)
			if !strings.Contains(o.out+o.err, in.says) || strings.Contains(o.out+o.err, secretOfTests) {
				t.Errorf("it says %s%s", o.out, o.err)
			}
		})
	}
}
