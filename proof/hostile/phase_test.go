package hostile_test

import (
	"compress/gzip"
	"errors"
	"net/http"

	"zlock/zoho"
)

// phaseOf says in a word what a call came to.
func phaseOf(err error) string {
	var e *zoho.Error
	switch {
	case err == nil:
		return "done"
	case !errors.As(err, &e):
		return err.Error()
	case e.Kind == zoho.TokenThrottled:
		return "throttled for " + e.RetryAfter.String()
	case e.Kind == zoho.SignIn:
		return "sign-in refused"
	case e.Kind == zoho.Redirected:
		return "redirected"
	case e.Phase == zoho.PhaseOpen:
		return "open"
	}
	return e.Error()
}

// bomb is 16 MiB of zeros in a few kilobytes.
func bomb(w http.ResponseWriter) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	defer z.Close()
	zeros := make([]byte, 1<<20)
	for range 16 {
		if _, err := z.Write(zeros); err != nil {
			return
		}
	}
}
