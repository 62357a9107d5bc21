//go:build unix

package zoho

import (
	"errors"
	"io"
	"syscall"
)

// canLook says that the platform can tell what has arrived without waiting.
const canLook = true

// readNow reads what has arrived: errSilent when nothing has, io.EOF when the far end has closed.
func readNow(raw syscall.RawConn, p []byte) (int, error) {
	if raw == nil {
		return 0, errors.New("the connection cannot be looked at")
	}
	var n int
	var failed error
	err := raw.Read(func(fd uintptr) bool {
		for {
			n, failed = syscall.Read(int(fd), p)
			if failed != syscall.EINTR {
				return true
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed == syscall.EAGAIN || failed == syscall.EWOULDBLOCK:
		return 0, errSilent
	case failed != nil:
		return 0, failed
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
