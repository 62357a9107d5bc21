package cli_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// TestCAFile: a certificate that nobody vouches for is refused, unless --ca-file adds who does.
func TestCAFile(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Company.Name = "Acme GmbH" })
	secure := httptest.NewUnstartedServer(s.org)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	s.env["ZLOCK_API_URL"] = secure.URL
	s.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	s.file("none.pem", "no certificate")
	s.want(s.run("auth", "status"), 7, "certificate", "captive portal")
	s.want(s.run("auth", "status", "--ca-file", "ca.pem"), 0)
	s.want(s.run("run", s.locks("job.csv", 0, 2), "--ca-file", "none.pem"), 2, "--ca-file none.pem: there is no certificate in it")
	s.want(s.run("run", "job.csv", "--ca-file", "nosuch.pem"), 2, "no such file")
	s.want(s.run("run", "job.csv", "--ca-file", "ca.pem", "--limit", "1"), 6)
	s.want(s.run("resume"), 0, "is completed") // inherited from the run
	if n := s.org.Stats().ByOp[sim.OpLock]; n != 2 {
		t.Errorf("%d locks", n)
	}
}

// TestHostsThatGetNoToken: whoever names a host, by flag, variable or profile, it is refused before a call.
func TestHostsThatGetNoToken(t *testing.T) {
	for _, host := range []string{
		"https://www.zohoapis.com.evil.test", "http://www.zohoapis.com", "https://www.zohoapis.com.", "https://www.zohoapis.com:8443",
		"https://me@www.zohoapis.com", "https://xn--www-zohoapis-0hb.com", "https://zohoapis.com", "https://10.0.0.1", "https://www.zohoapis.com/crm",
		"https://www.zohoapis.com#@127.0.0.1", "ftp://127.0.0.1",
	} {
		for _, name := range []string{"api-url", "accounts-url"} {
			s := newStage(t)
			s.env["ZLOCK_CLIENT_ID"], s.env["ZLOCK_CLIENT_SECRET"], s.env["ZLOCK_REFRESH_TOKEN"] = "client", secretOfTests, refreshOfTests
			s.want(s.run("run", s.locks("job.csv", 0, 2), "--"+name, host), 2, "--"+name)
			s.env["ZLOCK_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = host
			s.want(s.run("run", "job.csv"), 2, "ZLOCK_")
			s.in = "code\n"
			s.want(s.run("auth", "login", "--code-stdin", "--store", "file"), 2, "ZLOCK_")
		}
	}
}

// TestEnvironments: sandboxes and developer organisations have hosts of their own in every data centre.
func TestEnvironments(t *testing.T) {
	for args, want := range map[string]string{
		"--dc eu": "www.zohoapis.eu", "--dc eu --environment sandbox": "sandbox.zohoapis.eu", "--dc CA --environment developer": "developer.zohoapis.ca",
		"--dc uk --environment production": "www.zohoapis.uk", "--environment SANDBOX": "sandbox.zohoapis.com",
	} {
		s := newStage(t)
		o := s.want(s.run(append([]string{"plan", s.locks("job.csv", 0, 2)}, strings.Fields(args)...)...), 0)
		if !strings.Contains(o.out, "against "+want+"\n") {
			t.Errorf("%s: %s", args, o.out)
		}
	}
	s := newStage(t)
	s.file("zlock.yaml", "profiles:\n  a: {dc: eu, environment: sandbox}\n")
	s.env["ZLOCK_CONFIG"] = "zlock.yaml"
	if o := s.want(s.run("plan", s.locks("job.csv", 0, 2), "--api-url", "https://www.zohoapis.eu"), 0); !strings.Contains(o.out, "against www.zohoapis.eu\n") {
		t.Errorf("a flag over a profile: %s", o.out)
	}
	s.env["ZLOCK_API_URL"] = "https://www.zohoapis.eu"
	s.want(s.run("plan", "job.csv", "--environment", "sandbox"), 2, "both say which host")
}
