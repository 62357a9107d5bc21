package zoho

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// DC is one of Zoho's data centres. An organisation lives in exactly one, and its tokens work there only.
type DC struct {
	Name      string // us eu in au jp cn ca sa uk ae
	Accounts  string // where access tokens come from
	API       string // production organisations
	Sandbox   string // their sandboxes, which need tokens of their own
	Developer string // developer organisations
}

// dataCentre builds a DC from the domain of its API. Canada's accounts host breaks the pattern, so both
// domains are named.
func dataCentre(name, accounts, api string) DC {
	return DC{
		Name:      name,
		Accounts:  "https://accounts." + accounts,
		API:       "https://www.zohoapis." + api,
		Sandbox:   "https://sandbox.zohoapis." + api,
		Developer: "https://developer.zohoapis." + api,
	}
}

// DataCentres returns all of Zoho's data centres that are known, as the page "Multi DC Support" and
// Zoho's SDKs list them.
func DataCentres() []DC {
	return []DC{
		dataCentre("us", "zoho.com", "com"),
		dataCentre("eu", "zoho.eu", "eu"),
		dataCentre("in", "zoho.in", "in"),
		dataCentre("au", "zoho.com.au", "com.au"),
		dataCentre("jp", "zoho.jp", "jp"),
		dataCentre("cn", "zoho.com.cn", "com.cn"),
		dataCentre("ca", "zohocloud.ca", "ca"),
		dataCentre("sa", "zoho.sa", "sa"),
		dataCentre("uk", "zoho.uk", "uk"),
		dataCentre("ae", "zoho.ae", "ae"),
	}
}

// DataCentre returns the data centre of that name (us, eu, …), whatever its case, and whether there is one.
func DataCentre(name string) (DC, bool) {
	for _, dc := range DataCentres() {
		if strings.EqualFold(dc.Name, name) {
			return dc, true
		}
	}
	return DC{}, false
}

// CheckHost refuses an address to which tokens must not be sent. Taken are https with exactly one of
// Zoho's own hosts or a name in allow, without a port; and this machine itself (127.0.0.0/8, ::1,
// localhost), where plain http and any port are taken too. An address is a scheme and a host and nothing
// else: no user, path, query or fragment.
func CheckHost(rawURL string, allow []string) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return errors.New("check host: not an address: give one like https://www.zohoapis.com")
	}
	if u.Opaque != "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return fmt.Errorf("check host: %q: give a scheme and a host and nothing else, like https://www.zohoapis.com", u.Host)
	}
	if (u.Scheme == "https" || u.Scheme == "http") && isLoopback(u.Hostname()) {
		return nil
	}
	if u.Scheme != "https" {
		return fmt.Errorf("check host: %q: only https is taken there", u.Host)
	}
	host := strings.ToLower(u.Host)
	if slices.Contains(zohoHosts(), host) {
		return nil
	}
	for _, name := range allow {
		if host != "" && host == strings.ToLower(name) && u.Port() == "" && !isAddress(host) {
			return nil
		}
	}
	return fmt.Errorf("check host: %q is none of Zoho's own hosts; if it is to be trusted with tokens, name it exactly under allow_hosts", u.Host)
}

// zohoHosts lists the hosts of all data centres, compared whole and with no port.
func zohoHosts() []string {
	var hosts []string
	for _, dc := range DataCentres() {
		for _, address := range []string{dc.Accounts, dc.API, dc.Sandbox, dc.Developer} {
			hosts = append(hosts, strings.TrimPrefix(address, "https://"))
		}
	}
	return hosts
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() && !addr.Is4In6() && addr.Zone() == ""
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// loopbackURL reports whether an address that CheckHost took is this machine itself.
func loopbackURL(rawURL string) bool {
	u, err := url.Parse(rawURL)
	return err == nil && isLoopback(u.Hostname())
}
