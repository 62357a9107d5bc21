package cli_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zlock/cli"
)

// tokenLike has the shape of Zoho's tokens; nobody has told us of it.
var tokenLike = "1000." + strings.Repeat("ab", 16) + "." + strings.Repeat("12", 16)

// TestScrubberHoldsBackNoMore: what cannot begin a secret comes through at once, and nothing is lost at the end.
func TestScrubberHoldsBackNoMore(t *testing.T) {
	const secret = "c4nary-of-the-client"
	for _, tt := range []struct {
		name       string
		data       bool
		text, last string // what may be held back of it until the end
	}{
		{"plain", false, "nothing here", ""},
		{"the first letter of a secret", false, "nothing here, c", "c"},
		{"all but the last letter of one", false, "nothing here, " + secret[:len(secret)-1], secret[:len(secret)-1]},
		{"the beginning of a token", false, "about 1000.ab", "1000.ab"},
		{"plain data", true, "nothing here", ""},
		{"data that ends as a secret begins", true, "nothing here, c4n", "c4n"},
		{"data like the beginning of a token", true, "about 1000.ab", ""},
		{"data like a token", true, "about " + tokenLike, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			scrubber := cli.NewScrubber
			if tt.data {
				scrubber = cli.NewDataScrubber
			}
			w, flush := scrubber(&b, secret)
			if n, err := io.WriteString(w, tt.text); n != len(tt.text) || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
			if got, want := b.String(), strings.TrimSuffix(tt.text, tt.last); got != want {
				t.Errorf("%q came through at once, want %q", got, want)
			}
			flush()
			if b.String() != tt.text {
				t.Errorf("%q came through in the end, want %q", b.String(), tt.text)
			}
		})
	}
}

// TestScrubberSaysSoWhereNothingWasWritten: a writer that fails has taken nothing.
func TestScrubberSaysSoWhereNothingWasWritten(t *testing.T) {
	far, near := io.Pipe()
	enough := errors.New("enough")
	_ = far.CloseWithError(enough)
	w, _ := cli.NewScrubber(near)
	if n, err := io.WriteString(w, "text"); n != 0 || !errors.Is(err, enough) {
		t.Errorf("wrote %d, %v", n, err)
	}
}

// TestAProxysPasswordIsNotSaid: it stands in the environment, and comes out in no message.
func TestAProxysPasswordIsNotSaid(t *testing.T) {
	const password = "c4nary-of-the-proxy"
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.env[name] = "http://me:" + password + "@127.0.0.1:9"
			o := s.want(s.run("run", password+".csv", "--simulate"), 2, "[redacted].csv")
			if strings.Contains(o.err+o.out, password) {
				t.Errorf("said %s%s", o.err, o.out)
			}
		})
	}
}

// TestAFileIsData: a reason that looks like a token stands in the results as it was given, on a screen and in
// a file; a secret of ours stands in neither.
func TestAFileIsData(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.file("job.csv", "record_id,module,action,reason\n"+leadID(0)+",Leads,lock,see "+tokenLike+" and "+refreshOfTests+"\n")
	s.want(s.run("run", "job.csv"), 0, "")
	s.want(s.run("results", "-o", "out.csv"), 0, "")
	written, err := os.ReadFile(filepath.Join(s.dir, "out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"file": string(written), "screen": s.run("results").out} {
		if !strings.Contains(text, "see "+tokenLike+" and [redacted]") {
			t.Errorf("%s: %s", where, text)
		}
	}
}
