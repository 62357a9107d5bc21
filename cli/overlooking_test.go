package cli_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// overlooking is a far end that looks at the first fifty ids of a list and says nothing of the others.
type overlooking struct{ http.Handler }

func (o overlooking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if ids := strings.Split(query.Get("ids"), ","); len(ids) > 50 {
		query.Set("ids", strings.Join(ids[:50], ","))
		r = r.Clone(r.Context())
		r.URL = &url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	}
	o.Handler.ServeHTTP(w, r)
}

// A record that a long list of ids did not reach is not told as missing.
func TestListsThatAreNotReadToTheEnd(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.server.Config.Handler = overlooking{s.org}
	o := s.want(s.run("plan", s.locks("job.csv", 0, 200), "--check"), 0)
	if !strings.Contains(o.out, "Leads   lock         0         200        0") {
		t.Errorf("plan --check: %s", o.out)
	}
	s.want(s.run("run", "job.csv"), 0, "200  locked")
	s.want(s.run("verify", "--quick"), 0)
	var ids strings.Builder
	for i := range 200 {
		ids.WriteString(leadID(i) + "\n")
	}
	if o := s.want(s.run("locks", "Leads", "--ids", s.file("ids.txt", ids.String())), 0); strings.Count(o.out, "\n") != 201 {
		t.Errorf("%d lines of locks", strings.Count(o.out, "\n"))
	}
}
