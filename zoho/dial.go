package zoho

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// AddressError says that a name led to an address where no token may go: one of Zoho's names to a private
// address (a name service that lies, or was made to), or localhost to another machine. Nothing was sent.
type AddressError struct{ Host, Address string }

// Error names both.
func (e *AddressError) Error() string {
	if isLoopback(e.Host) {
		return fmt.Sprintf("%s leads to %s, which is not this machine", e.Host, e.Address)
	}
	return fmt.Sprintf("%s leads to %s, which is no public address", e.Host, e.Address)
}

// dialChecked returns a dialer that looks at the address behind a name before it connects: what was
// checked as a name is worth nothing if the name service points it elsewhere. Proxies and the names in
// allow may be anywhere.
func dialChecked(dialer *net.Dialer, allow []string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		checked := *dialer
		checked.ControlContext = func(_ context.Context, _, dialled string, _ syscall.RawConn) error {
			return checkDialled(host, dialled, allow)
		}
		return checked.DialContext(ctx, network, address)
	}
}

// checkDialled judges the address and port to which a name has led.
func checkDialled(host, dialled string, allow []string) error {
	refused := &AddressError{Host: host, Address: dialled}
	at, err := netip.ParseAddrPort(dialled)
	if err != nil {
		return refused
	}
	ip := at.Addr().Unmap().WithZone("")
	refused.Address = ip.String()
	switch {
	case slices.ContainsFunc(allow, func(name string) bool { return strings.EqualFold(name, host) }):
		return nil
	case isLoopback(host) && !ip.IsLoopback():
		return refused
	case slices.Contains(zohoHosts(), strings.ToLower(host)) && !isPublic(ip):
		return refused
	}
	return nil
}

// isPublic reports an address of the open internet.
func isPublic(ip netip.Addr) bool {
	carrier := netip.MustParsePrefix("100.64.0.0/10") // shared between a provider and its customers
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !carrier.Contains(ip)
}
