package zoho_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"zlock/zoho"
)

func TestCheckHost(t *testing.T) {
	allow := []string{"crm.example.com", "10.0.0.7"}
	tests := []struct {
		in string
		ok bool
	}{
		{"https://www.zohoapis.com", true},
		{"https://www.zohoapis.com/", true},
		{"https://WWW.ZohoAPIs.eu", true},
		{"https://accounts.zohocloud.ca", true},
		{"https://www.zohoapis.uk", true},
		{"https://sandbox.zohoapis.com.au", true},
		{"https://developer.zohoapis.in", true},
		{"https://crm.example.com", true},
		{"http://127.0.0.1:8080", true},
		{"http://127.8.9.10", true},
		{"http://[::1]:9", true},
		{"http://localhost:9", true},
		{"https://localhost", true},
		{"", false},
		{"www.zohoapis.com", false},
		{"//www.zohoapis.com", false},
		{"https:www.zohoapis.com", false},
		{"http://www.zohoapis.com", false},
		{"ftp://localhost", false},
		{"https://www.zohoapis.com:443", false},
		{"https://www.zohoapis.com:", false},
		{"https://www.zohoapis.com.", false},
		{"https://www.zohoapis.com.evil.example", false},
		{"https://evil-zohoapis.com", false},
		{"https://xwww.zohoapis.com", false},
		{"https://zohoapis.com", false},
		{"https://user@www.zohoapis.com", false},
		{"https://www.zohoapis.com@evil.example", false},
		{"http://user:pw@127.0.0.1", false},
		{"https://www.zohoapis.com/crm", false},
		{"https://www.zohoapis.com?x=1", false},
		{"https://www.zohoapis.com?", false},
		{"https://www.zohoapis.com#x", false},
		{"https://www.zohoapis.com\\@evil.example", false},
		{"https://www.zohoap\u0131s.com", false},
		{"https://www.zohoapis.com%00.evil.example", false},
		{"https://crm.example.com:8443", false},
		{"http://crm.example.com", false},
		{"https://x.crm.example.com", false},
		{"https://10.0.0.7", false},
		{"https://192.168.0.1", false},
		{"http://0.0.0.0", false},
		{"http://127.1", false},
		{"http://2130706433", false},
		{"http://[::ffff:127.0.0.1]", false},
		{"http://localhost.", false},
		{"http://localhost.evil.example", false},
		{" https://www.zohoapis.com", false},
	}
	for _, tt := range tests {
		if err := zoho.CheckHost(tt.in, allow); (err == nil) != tt.ok {
			t.Errorf("%q: got %v, want ok %v", tt.in, err, tt.ok)
		}
	}
}

func TestCheckHostKeepsUserinfoToItself(t *testing.T) {
	for _, in := range []string{"https://me:canary@www.zohoapis.com", "https://me:canary@ww w"} {
		if err := zoho.CheckHost(in, nil); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

func TestDataCentre(t *testing.T) {
	for _, name := range strings.Fields("us eu in au jp cn ca sa uk ae") {
		dc, ok := zoho.DataCentre(strings.ToUpper(name))
		if !ok || dc.Name != name {
			t.Fatalf("%s: got %+v, %v", name, dc, ok)
		}
		for _, address := range []string{dc.Accounts, dc.API, dc.Sandbox, dc.Developer} {
			if err := zoho.CheckHost(address, nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if ca, _ := zoho.DataCentre("ca"); ca.Accounts != "https://accounts.zohocloud.ca" || ca.API != "https://www.zohoapis.ca" {
		t.Errorf("got %+v", ca)
	}
	if _, ok := zoho.DataCentre("mars"); ok {
		t.Error("mars is no data centre")
	}
}

// FuzzHostAllowed compares CheckHost with the plainest rule there is: an address is taken only if it is,
// letter for letter apart from case and one slash, on the list or points to this machine.
func FuzzHostAllowed(f *testing.F) {
	for _, seed := range []string{"https://www.zohoapis.com", "http://www.zohoapis.com", "https://www.zohoapis.com:443", "http://127.0.0.1:1", "https://a@www.zohoapis.com", "http://[::1]", "https://www.zohoapis.com/.."} {
		f.Add(seed)
	}
	var list []string
	for _, dc := range zoho.DataCentres() {
		list = append(list, dc.Accounts, dc.API, dc.Sandbox, dc.Developer)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if zoho.CheckHost(address, nil) != nil {
			return
		}
		if slices.Contains(list, strings.TrimSuffix(strings.ToLower(address), "/")) {
			return
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatalf("%q was taken and is no address", address)
		}
		host := u.Hostname()
		if u.User != nil || !strings.HasPrefix(host, "127.") && host != "::1" && !strings.EqualFold(host, "localhost") && strings.Trim(host, "0:") != "1" {
			t.Errorf("%q was taken", address)
		}
	})
}
