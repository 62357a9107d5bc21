package zoho_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"zlock/zoho"
)

// pointing is a name service that answers every question for an IPv4 address with ip.
func pointing(ip string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerNames(theirs, netip.MustParseAddr(ip).As4())
		return ours, nil
	}}
}

// answerNames speaks DNS over a stream: each message after its length in two bytes.
func answerNames(conn net.Conn, ip [4]byte) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		end := 12
		for query[end] != 0 { // the labels of the name
			end += int(query[end]) + 1
		}
		question := query[12 : end+5]
		answer := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
		if question[len(question)-3] == 1 { // an A record is wanted
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ip[0], ip[1], ip[2], ip[3])
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// TestNamesThatLeadElsewhere: what was checked as a name is checked again as an address, before a
// connection is made.
func TestNamesThatLeadElsewhere(t *testing.T) {
	for _, ip := range []string{"10.0.0.7", "192.168.1.1", "172.16.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"} {
		transport := zoho.NewTransportFor(zoho.TransportConfig{Resolver: pointing(ip)})
		conn, err := transport.DialContext(t.Context(), "tcp", "www.zohoapis.com:443")
		var refused *zoho.AddressError
		if !errors.As(err, &refused) || refused.Host != "www.zohoapis.com" || refused.Address != ip {
			t.Errorf("%s: got %v, %v", ip, conn, err)
		}
	}
}

func TestAddressesBehindNames(t *testing.T) {
	tests := []struct {
		host, address string
		ok            bool
	}{
		{"www.zohoapis.com", "136.143.190.1:443", true},
		{"WWW.zohoapis.com", "10.0.0.1:443", false},
		{"www.zohoapis.com", "[2001:db8:ffff::1]:443", true},
		{"www.zohoapis.com", "[fd00::1]:443", false},
		{"www.zohoapis.com", "[fe80::1%eth0]:443", false},
		{"www.zohoapis.com", "[::1]:443", false},
		{"www.zohoapis.com", "[::ffff:10.0.0.1]:443", false},
		{"www.zohoapis.com", "nonsense", false},
		{"localhost", "127.0.0.1:80", true},
		{"localhost", "[::1]:80", true},
		{"localhost", "203.0.113.7:80", false},
		{"127.0.0.1", "127.0.0.1:80", true},
		{"crm.example.com", "10.0.0.1:443", true},   // named under allow_hosts
		{"proxy.example.com", "10.0.0.1:443", true}, // a proxy of the environment
	}
	for _, tt := range tests {
		if err := zoho.CheckDialled(tt.host, tt.address, []string{"crm.example.com"}); (err == nil) != tt.ok {
			t.Errorf("%s at %s: %v", tt.host, tt.address, err)
		}
	}
	if err := zoho.CheckDialled("www.zohoapis.com", "10.0.0.1:443", []string{"www.zohoapis.com"}); err != nil {
		t.Errorf("a name of Zoho's that is allowed by name: %v", err)
	}
}

// certified makes a certificate for a name, which signs itself.
func certified(t testing.TB, name string, ends time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{name},
		NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends, IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLS(t *testing.T) {
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	tests := []struct {
		name   string
		host   string
		ends   time.Time
		most   uint16 // the newest TLS that the server speaks
		vouch  bool   // its certificate is trusted
		served bool
	}{
		{"trusted", "127.0.0.1", soon, tls.VersionTLS13, true, true},
		{"trusted, TLS 1.2", "127.0.0.1", soon, tls.VersionTLS12, true, true},
		{"signed by itself", "127.0.0.1", soon, tls.VersionTLS13, false, false},
		{"expired", "127.0.0.1", past, tls.VersionTLS13, true, false},
		{"another name", "www.zohoapis.com", soon, tls.VersionTLS13, true, false},
		{"TLS 1.1", "127.0.0.1", soon, tls.VersionTLS11, true, false},
		{"TLS 1.0", "127.0.0.1", soon, tls.VersionTLS10, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reached := false
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				reached = true
				w.WriteHeader(http.StatusNoContent)
			}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			certificate, pool := certified(t, tt.host, tt.ends)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10, MaxVersion: tt.most}
			server.StartTLS()
			defer server.Close()
			config := zoho.TransportConfig{}
			if tt.vouch {
				config.RootCAs = pool
			}
			client := newClientWith(t, zoho.Config{API: server.URL, Transport: zoho.NewDirect(config)})
			err := call(t, client, "GET", onList)
			if reached != tt.served || (err == nil) != tt.served {
				t.Errorf("reached %v: %v", reached, err)
			}
			if !tt.served && asError(t, err).Phase != zoho.PhaseNotSent {
				t.Errorf("got %v", err)
			}
		})
	}
}
