package zoho

import (
	"fmt"
	"net/url"
)

// whereTo says which host a redirect points to, as far as it says so: not its path or query, in which
// anything might stand.
func whereTo(a *answer) string {
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.Host == "" {
		return "the answer is a redirect"
	}
	return fmt.Sprintf("the answer is a redirect to %.100s", u.Host)
}
