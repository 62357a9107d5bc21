//go:build unix

package zoho_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"zlock/zoho"
)

// TestDirectMeetsNoTLS: who answers a handshake in anything else is told by it, with what to look at, and
// nothing has left.
func TestDirectMeetsNoTLS(t *testing.T) {
	for _, tt := range []struct{ name, says, want string }{
		{"plain HTTP", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "plain HTTP came where https was asked for"},
		{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "does not look like a TLS handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
				_, _ = r.Peek(1)
				say(conn, tt.says)
				hold(r)
			})
			meter := zoho.Meter{}
			client := newClientWith(t, zoho.Config{API: "https" + strings.TrimPrefix(f.address, "http"), Transport: f.direct})
			_, err := client.Metered(&meter).CreateLock(t.Context(), lead, "x")
			e := asError(t, err)
			if e.Kind != zoho.NotSent || !strings.Contains(e.Error(), tt.want) || !strings.Contains(e.Hint, "does not speak TLS") {
				t.Errorf("got %v, hint %q", e, e.Hint)
			}
			if meter.Calls != 0 || f.direct.Idle() != 0 {
				t.Errorf("%d calls counted, %d connections kept", meter.Calls, f.direct.Idle())
			}
		})
	}
}
