package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// signing is a stage with a pretend Zoho, a keyring, and nobody signed in.
type signing struct {
	*stage
	keys *fakeKeyring
}

// signingIn makes one. The client is in the environment, no token is.
func signingIn(t *testing.T, change func(*sim.Config)) signing {
	t.Helper()
	s := signing{newStage(t), &fakeKeyring{entries: map[string]string{}}}
	s.withZoho(func(c *sim.Config) {
		c.Tokens.RefreshToken = ""
		c.Company = sim.Company{Number: "60012345", Name: "Acme GmbH"}
		if change != nil {
			change(c)
		}
	})
	delete(s.env, "ZLOCK_REFRESH_TOKEN")
	s.world = func(w *cli.World) { w.Keyring = s.keys }
	return s
}

// login signs in with a code.
func (s signing) login(code int, args ...string) outcome {
	s.t.Helper()
	s.in = fmt.Sprintf("1000.a code %d\n", s.org.Stats().TokenCalls) // each is good once
	return s.want(s.run(append([]string{"auth", "login", "--code-stdin"}, args...)...), code)
}

func (s signing) signInFile(profile string) string {
	return filepath.Join(s.dir, ".config", "zlock", "signin", profile+".json")
}

// auth is what auth status --json says.
type auth struct {
	OK              bool
	Problem         *string
	Source          string
	User, Org       *struct{ ID, Number, Name string }
	Pinned          *struct{ ID, Number, Name string }
	Environment     *string
	API, Accounts   string
	Scopes          []string
	AccessTokenEnds *time.Time `json:"access_token_expires_at"`
	Renews          bool
	Allows          []struct {
		Scope   string
		Allowed *bool
	}
}

func (s signing) auth(code int, args ...string) auth {
	s.t.Helper()
	o := s.want(s.run(append([]string{"auth", "status", "--json"}, args...)...), code)
	var d auth
	if err := json.Unmarshal([]byte(o.out), &d); err != nil {
		s.t.Fatalf("auth status: %v in %s", err, o.out)
	}
	return d
}

func TestSignInRunSignOut(t *testing.T) {
	for _, store := range []string{"keyring", "file"} {
		t.Run(store, func(t *testing.T) {
			s := signingIn(t, nil)
			s.want(s.run("run", s.locks("job.csv", 0, 3)), 2, "nobody is signed in", "zlock auth login")
			o := s.login(0, "--store", store)
			if !strings.Contains(o.err, "signed in as Lena Hart at Acme GmbH (org 60012345)") {
				t.Errorf("login said %s", o.err)
			}
			// From here on nothing but what was stored leads to Zoho.
			delete(s.env, "ZLOCK_API_URL")
			delete(s.env, "ZLOCK_CLIENT_ID")
			delete(s.env, "ZLOCK_CLIENT_SECRET")
			d := s.auth(0)
			if !d.OK || d.Source != store || d.User.Name != "Lena Hart" || d.Pinned.Number != "60012345" || d.API != s.server.URL ||
				len(d.Scopes) != 4 || d.AccessTokenEnds == nil || !d.Renews {
				t.Errorf("status %+v", d)
			}
			s.want(s.run("run", "job.csv"), 0, "against Acme GmbH (org 60012345)")
			if got := s.status(); got.Rows["locked"] != 3 || got.Calls != 4 || got.Credits.Used != 4 { // one to look at the org
				t.Errorf("status %+v", got)
			}
			s.want(s.run("auth", "logout"), 0, "revoked", "forgotten")
			if _, err := os.Stat(s.signInFile("default")); !errors.Is(err, fs.ErrNotExist) || len(s.keys.entries) != 0 {
				t.Errorf("left behind: %v, %v", err, s.keys.entries)
			}
			if n := s.org.Stats().ByOp[sim.OpRevoke]; n != 1 {
				t.Errorf("%d calls to revoke", n)
			}
			s.want(s.run("auth", "logout"), 0, "nothing to do")
			s.want(s.run("auth", "status"), 2, "nobody is signed in")
		})
	}
}

// TestNothingSecretIsWritten looks at every file and stream after a sign-in to the keyring.
func TestNothingSecretIsWritten(t *testing.T) {
	s := signingIn(t, nil)
	said := s.login(0, "--log-level", "debug")
	said2 := s.run("run", s.locks("job.csv", 0, 3), "--log-level", "debug")
	var kept struct {
		RefreshToken string `json:"refresh_token"`
	}
	for _, secret := range s.keys.entries {
		if err := json.Unmarshal([]byte(secret), &kept); err != nil {
			t.Fatal(err)
		}
	}
	secrets := []string{kept.RefreshToken, secretOfTests, "1000.a code 0"}
	for _, secret := range secrets {
		if text := said.out + said.err + said2.out + said2.err; secret == "" || strings.Contains(text, secret) {
			t.Errorf("%q was said", secret)
		}
	}
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		for _, secret := range secrets {
			if strings.Contains(string(body), secret) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNeverTheWeakerStoreByItself(t *testing.T) {
	s := signingIn(t, nil)
	s.keys.broken = errNoBus
	for _, args := range [][]string{nil, {"--store", "keyring"}} {
		if o := s.login(2, args...); !strings.Contains(o.err, "--store file") || !strings.Contains(o.err, "no keyring") {
			t.Errorf("said %s", o.err)
		}
	}
	if n := s.org.Stats().TokenCalls; n != 0 {
		t.Errorf("a code was used up: %d calls", n)
	}
	s.login(0, "--store", "file")
	info, err := os.Stat(s.signInFile("default"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info, err)
	}
	dir, err := os.Stat(filepath.Dir(s.signInFile("default")))
	if err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", dir, err)
	}
	s.auth(0)
}

func TestKeyringThatGoesAway(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	s.keys.broken = errNoBus
	s.want(s.run("auth", "status"), 2, "cannot be used", "ZLOCK_REFRESH_TOKEN")
	s.want(s.run("auth", "logout"), 2, "cannot be used", "unlock it") // and nothing is forgotten
	s.keys.broken, s.keys.entries = nil, map[string]string{}
	s.want(s.run("auth", "status"), 2, "no longer holds", "zlock auth login")
	s.want(s.run("auth", "logout"), 4, "could not be revoked", "remove it by hand")
	s.want(s.run("auth", "status"), 2, "nobody is signed in")
}

func TestSignInIsRefused(t *testing.T) {
	for _, in := range []struct {
		name   string
		change func(*sim.Config)
		env    map[string]string
		args   string
		code   int
		says   string
	}{
		{"made-up code", func(c *sim.Config) { c.Tokens.Codes = []sim.GrantCode{} }, nil, "", 4, "generate a new one"},
		{"wrong secret", nil, map[string]string{"ZLOCK_CLIENT_SECRET": "another one"}, "", 4, "check the client secret"},
		{"wrong client", nil, map[string]string{"ZLOCK_CLIENT_ID": "another"}, "", 4, "check the client id"},
		{"no secret", nil, map[string]string{"ZLOCK_CLIENT_SECRET": ""}, "", 2, "ZLOCK_CLIENT_SECRET"},
		{"no scope for records", func(c *sim.Config) { c.Tokens.Scope = "ZohoCRM.org.READ" }, nil, "", 4, "lacks ZohoCRM.modules.ALL"},
		{"another org than expected", nil, nil, "--expect-org Beta", 4, "leads to Acme GmbH (org 60012345), and --expect-org wants Beta"},
		{"org that cannot be read", func(c *sim.Config) { c.Standing.ScopeMissing = []sim.Op{sim.OpOrg} }, nil, "--expect-org 60012345", 4, "ZohoCRM.org.READ"},
		{"Zoho out of order", func(c *sim.Config) {
			c.Script = []sim.Fault{{Match: sim.Match{Op: sim.OpOrg}, Do: sim.Status500Before}}
		}, nil, "", 7, "500"},
		{"two ways at once", nil, nil, "--device", 2, "two ways"},
		{"scopes of a code", nil, nil, "--scopes all", 2, "--device"},
		{"unknown store", nil, nil, "--store disk", 2, "one of keyring, file"},
		{"two hosts", nil, nil, "--environment sandbox", 2, "both say which host"},
		{"unknown environment", nil, nil, "--environment test", 2, "production, sandbox, developer"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := signingIn(t, in.change)
			for name, value := range in.env {
				s.env[name] = value
			}
			o := s.login(in.code, strings.Fields(in.args)...)
			if !strings.Contains(o.err, in.says) {
				t.Errorf("does not say %q: %s", in.says, o.err)
			}
			if _, err := os.Stat(s.signInFile("default")); !errors.Is(err, fs.ErrNotExist) || len(s.keys.entries) != 0 {
				t.Errorf("something was stored: %v", s.keys.entries)
			}
			if stats := s.org.Stats(); stats.ByOp[sim.OpRevoke] != stats.Tokens {
				t.Errorf("%d grants, %d given back", stats.Tokens, stats.ByOp[sim.OpRevoke])
			}
		})
	}
}

func TestSignInWithLessScopes(t *testing.T) {
	s := signingIn(t, func(c *sim.Config) {
		c.Tokens.Scope = "ZohoCRM.modules.leads.ALL,ZohoCRM.modules.lockinginformation.ALL"
		c.Standing.ScopeMissing = []sim.Op{sim.OpOrg, sim.OpUsers}
	})
	o := s.login(0)
	for _, text := range []string{"a user who could not be read", "it lacks ZohoCRM.org.READ", "not pinned"} {
		if !strings.Contains(o.err, text) {
			t.Errorf("does not say %q: %s", text, o.err)
		}
	}
	d := s.auth(0)
	allowed := map[string]*bool{}
	for _, a := range d.Allows {
		allowed[a.Scope] = a.Allowed
	}
	if a := allowed["ZohoCRM.modules.ALL"]; a != nil {
		t.Errorf("one module's records: %v", *a)
	}
	if a := allowed["ZohoCRM.modules.lockinginformation.ALL"]; a == nil || !*a {
		t.Error("locks are not allowed")
	}
	s.want(s.run("run", s.locks("job.csv", 0, 2)), 0)
}

func TestPersonTypes(t *testing.T) {
	s := signingIn(t, nil)
	delete(s.env, "ZLOCK_CLIENT_ID")
	delete(s.env, "ZLOCK_CLIENT_SECRET")
	typed := []string{secretOfTests, "1000.the code"}
	s.in = "client\n"
	s.world = func(w *cli.World) {
		w.Keyring, w.InTerminal, w.ErrTerminal = s.keys, true, true
		w.ReadHidden = func(context.Context) (string, error) {
			line := typed[0]
			typed = typed[1:]
			return line, nil
		}
	}
	o := s.want(s.run("auth", "login"), 0, "Client ID: ", "Client secret (not shown): ", "Code (not shown): ", "signed in as Lena Hart")
	if strings.Contains(o.err+o.out, secretOfTests) || len(typed) != 0 {
		t.Errorf("said %s", o.err)
	}
}

func TestDeviceSignIn(t *testing.T) {
	for name, want := range map[string]int{"consent": 0, "decline": 4, "nobody": 4} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := signing{newStage(t), &fakeKeyring{entries: map[string]string{}}}
				s.inBubble(1, func(c *sim.Config) { c.Latency = nil })
				delete(s.env, "ZLOCK_REFRESH_TOKEN")
				s.world = func(w *cli.World) { w.Transport, w.Keyring = s.org.Transport(), s.keys }
				login := s.start("auth", "login", "--device", "--scopes", "all")
				synctest.Wait()
				_, code, _ := strings.Cut(login.err.String(), "type this code there: ")
				code, _, _ = strings.Cut(code, "\n")
				time.Sleep(7 * time.Second)
				if name != "nobody" {
					if err := s.org.Consent(code, name == "consent"); err != nil {
						t.Fatal(err)
					}
				}
				o := s.want(login.wait(), want)
				if !strings.Contains(o.err, "Open http://127.0.0.1/oauth/v3/device") {
					t.Errorf("said %s", o.err)
				}
				if want == 0 && len(s.auth(0).Scopes) != 11 {
					t.Errorf("scopes %v", s.auth(0).Scopes)
				}
				if want != 0 && len(s.keys.entries) != 0 {
					t.Errorf("stored %v", s.keys.entries)
				}
			})
		})
	}
}

func TestEnvironmentWinsOverStored(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	s.env["ZLOCK_REFRESH_TOKEN"] = refreshOfTests
	if d := s.auth(0); d.Source != "environment" || d.Pinned != nil || d.Scopes != nil {
		t.Errorf("status %+v", d)
	}
	if o := s.login(0); !strings.Contains(o.err, "ZLOCK_REFRESH_TOKEN is set, and wins") {
		t.Errorf("said %s", o.err)
	}
}

// TestStoredSecretsStayWithTheirHost: no flag sends what was stored to another accounts host.
func TestStoredSecretsStayWithTheirHost(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	delete(s.env, "ZLOCK_API_URL")
	for _, args := range []string{"--dc eu", "--accounts-url https://accounts.zoho.eu", "--api-url http://127.0.0.1:9"} {
		s.want(s.run(append([]string{"auth", "status"}, strings.Fields(args)...)...), 2, "is signed in at 127.0.0.1")
	}
	s.env["ZLOCK_CLIENT_ID"] = "another"
	s.want(s.run("auth", "status"), 2, "another client than ZLOCK_CLIENT_ID says")
}

func TestSigningInAgain(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	first := s.keys.entries
	s.in = "1000.another code\n"
	s.want(s.run("auth", "login", "--code-stdin"), 0)
	if len(s.keys.entries) != 1 || s.org.Stats().ByOp[sim.OpRevoke] != 1 {
		t.Errorf("entries %d of %v, revoked %d", len(s.keys.entries), first, s.org.Stats().ByOp[sim.OpRevoke])
	}
	s.auth(0)
}

func TestProfilesHaveSignInsOfTheirOwn(t *testing.T) {
	s := signingIn(t, nil)
	s.file("zlock.yaml", "profiles:\n  acme: {client_id: client, store: file}\n  beta: {org: Beta}\n")
	s.env["ZLOCK_CONFIG"] = "zlock.yaml"
	delete(s.env, "ZLOCK_CLIENT_ID")
	s.login(0, "--profile", "acme")
	if o := s.want(s.run("auth", "status", "--profile", "beta"), 2); !strings.Contains(o.err, "ZLOCK_CLIENT_ID") {
		t.Errorf("said %s", o.err)
	}
	s.env["ZLOCK_CLIENT_ID"] = "client"
	s.login(4, "--profile", "beta") // not Beta
	if d := s.auth(0, "--profile", "acme"); d.Source != "file" {
		t.Errorf("status %+v", d)
	}
}

func TestAuthScreens(t *testing.T) {
	s := signingIn(t, func(c *sim.Config) {
		c.Tokens.Scope = "ZohoCRM.modules.ALL ZohoCRM.org.READ ZohoCRM.users.READ ZohoCRM.coql.READ"
	})
	s.in = "1000.code\n"
	for _, screen := range []struct{ name, args string }{
		{"auth-none", "auth status"},
		{"auth-scopes", "auth login --print-scopes"},
		{"auth-login", "auth login --code-stdin"},
		{"auth-status", "auth status"},
		{"auth-logout", "auth logout"},
		{"help-auth", "auth --help"},
		{"help-auth-login", "auth login --help"},
		{"help-auth-status", "auth status --help"},
		{"help-auth-logout", "auth logout --help"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(strings.Fields(screen.args)...)
			got := "$ zlock " + screen.args + "\n" + steady(o.out) + "--- standard error\n" + steady(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", screen.name+".golden"), got)
		})
	}
}
