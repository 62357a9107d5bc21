package hostile_test

import (
	csvpkg "encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
	"zlock/zoho/sim"
)

const (
	lockedBefore = "5843104000000804005"
	okay         = `{"code":"SUCCESS","status":"success","message":"ok","details":{"id":"%s"}}`
)

// exchange is a run of one row with a disturbed far end.
type exchange struct {
	action  string
	reason  string
	start   *sim.Lock // of the record
	config  sim.Config
	meddler meddler
	flags   []string
}

// after is a meddler of the API's answers to one method; "" is all.
func after(method string, spoil meddler) meddler {
	return func(r *http.Request, resp *http.Response) *http.Response {
		if method != "" && r.Method != method || !strings.HasPrefix(r.URL.Path, "/crm/") {
			return nil
		}
		return spoil(r, resp)
	}
}

// instead answers one method with a body of its own, after the call has had its effect.
func instead(method string, status int, body string, headers ...string) meddler {
	return after(method, func(r *http.Request, _ *http.Response) *http.Response {
		return answer(r, status, body, headers...)
	})
}

// settled is a trial of one row; its verdict is the row's end, how it was learnt, and any code.
func settled(name, want string, x exchange) trial {
	return trial{name, want, func(t *testing.T) (verdict string) {
		if x.action == "" {
			x.action = "lock"
		}
		if x.reason == "" {
			x.reason = "why"
		}
		x.config.Records = func(yield func(sim.Record) bool) {
			yield(sim.Record{Module: "Leads", ID: recordID, Lock: x.start})
		}
		atDesk(t, x.config, func(d *desk) { verdict = d.settled(x) })
		return verdict
	}}
}

func (d *desk) settled(x exchange) string {
	d.file("job.csv", head+recordID+",Leads,"+x.action+","+x.reason+"\n")
	d.meddler = x.meddler
	s := d.run(append([]string{"run", "job.csv", "--log-level", "debug"}, x.flags...)...)
	results := d.run("results", "--format", "jsonl")
	var row struct {
		Outcome string `json:"zlock_outcome"`
		Code    string `json:"zlock_code"`
		Message string `json:"zlock_message"`
	}
	if err := json.Unmarshal([]byte(results.out), &row); err != nil {
		return fmt.Sprintf("no results (%v): %s", err, s.err)
	}
	if n := len(row.Message); n > 1000 {
		return fmt.Sprintf("a message of %d bytes is stored", n)
	}
	verdict := row.Outcome
	if strings.Contains(row.Message, "read back") {
		verdict += ", read back"
	}
	if row.Code != "" {
		verdict += " " + strings.Trim(strconv.Quote(row.Code), `"`)
	}
	if s.code != 0 && s.code != 5 {
		verdict += fmt.Sprintf(", exit %d", s.code)
	}
	if strings.Contains(s.err, "a redirect to elsewhere.invalid") {
		verdict += ", names the host"
	}
	writes := 0
	for _, e := range d.org.Log() {
		if e.Op == sim.OpLock || e.Op == sim.OpUnlock || e.Op == sim.OpReason {
			writes++
		}
	}
	if writes > 1 {
		verdict += fmt.Sprintf(", %d writes", writes)
	}
	return verdict
}

// lostLock is a lock whose answer is lost, and whose reason Zoho gives back in another spelling.
func lostLock(name, reason, served, want string) trial {
	return settled(name, want, exchange{reason: reason, meddler: func(r *http.Request, resp *http.Response) *http.Response {
		switch {
		case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/crm/"):
			return answer(r, 502, "<html>")
		case r.Method == http.MethodGet:
			body, _ := io.ReadAll(resp.Body) // in memory
			resp.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(string(body), reason, served)))
			resp.ContentLength = -1
			return resp
		}
		return nil
	}})
}

// resultCell is a trial of what becomes of a reason on its way through a run into results: "kept", or
// "guarded" by a leading quote. Results are a job file again, which must have the reason as it was.
func resultCell(name, text, want string) trial {
	return trial{name, want, func(t *testing.T) (verdict string) {
		atDesk(t, sim.Config{}, func(d *desk) {
			d.file("job.csv", inCSV([]string{"id", "module", "action", "reason"}, []string{recordID, "Leads", "lock", text}))
			if s := d.run("run", "job.csv"); s.code != 0 {
				verdict = fmt.Sprintf("exit %d: %s", s.code, s.err)
				return
			}
			switch verdict = d.reasonIn("results.csv"); verdict {
			case text:
				verdict = "kept"
			case "'" + text:
				verdict = "guarded"
			}
			if s := d.run("run", "results.csv", "--simulate"); s.code != 0 {
				verdict += fmt.Sprintf(", and its results are refused: exit %d: %s", s.code, s.err)
			}
			if again := d.reasonIn("again.csv"); again != text && again != "'"+text {
				verdict += ", and comes back as " + again
			}
			if lock, _ := d.org.Lock("Leads", recordID); lock.Reason != text {
				verdict += ", and Zoho has " + lock.Reason
			}
		})
		return verdict
	}}
}

func inCSV(rows ...[]string) string {
	var b strings.Builder
	w := csvpkg.NewWriter(&b)
	_ = w.WriteAll(rows) // into memory
	return b.String()
}

// reasonIn writes the results of the latest run and gives the first row's reason as a spreadsheet sees it.
func (d *desk) reasonIn(file string) string {
	if s := d.run("results", "-o", file); s.code != 0 {
		return fmt.Sprintf("exit %d: %s", s.code, s.err)
	}
	text, err := os.ReadFile(filepath.Join(d.dir, file))
	d.must(err)
	rows, err := csvpkg.NewReader(strings.NewReader(string(text))).ReadAll()
	d.must(err)
	return rows[1][3]
}

// checkpointNamed runs with a checkpoint of that name, and looks for the file.
func checkpointNamed(t *testing.T, name string) (verdict string) {
	atDesk(t, sim.Config{}, func(d *desk) {
		d.file("job.csv", row(recordID))
		s := d.run("run", "job.csv", "--db", name)
		info, err := os.Stat(filepath.Join(d.dir, name))
		verdict = fmt.Sprintf("exit %d", s.code)
		switch {
		case err != nil:
			verdict += ", " + err.Error()
		case info.Size() > 0 && info.Mode().Perm() == 0o600:
			verdict += ", made as named"
		}
	})
	return verdict
}

// farEnd is the far end of a call by itself.
type farEnd func() (status int, body string)

// RoundTrip tells the trace what net/http would tell, and answers.
func (f farEnd) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
		trace.WroteHeaders()
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	status, body := f()
	return answer(r, status, body), nil
}

func answers() []input {
	mine := &sim.Lock{ID: lockedBefore, Reason: "before"}
	faulty := func(f sim.Fault) sim.Config { return sim.Config{Script: []sim.Fault{f}} }
	lost := func(do sim.Kind) exchange {
		return exchange{config: faulty(sim.Fault{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: do})}
	}
	changed := func(method string, change func(string) string) meddler {
		return after(method, func(_ *http.Request, resp *http.Response) *http.Response {
			body, _ := io.ReadAll(resp.Body) // in memory
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(change(string(body)))), -1
			return resp
		})
	}
	return []input{
		{85, "200 with a web page", "read back; while nothing else comes the row stays in doubt, and fails for no page", []trial{
			settled("after a lock", "locked, read back", exchange{meddler: instead("POST", 200, "<html>sign in to the hotel</html>", "Content-Type", "text/html")}),
			settled("with 401 after a lock", "locked, read back", exchange{meddler: instead("POST", 401, "<html>sign in to the gateway</html>", "Content-Type", "text/html")}),
			settled("always", "unknown, exit 6", exchange{meddler: func(r *http.Request, _ *http.Response) *http.Response {
				if !strings.HasPrefix(r.URL.Path, "/crm/") {
					return nil
				}
				return answer(r, 200, "<html>sign in to the hotel</html>", "Content-Type", "text/html")
			}}),
		}},
		{86, "a success about another lock", "read back", []trial{
			settled("unlock", "unlocked, read back", exchange{action: "unlock", start: mine, config: faulty(sim.Fault{Match: sim.Match{Op: sim.OpUnlock, Nth: 1}, Do: sim.WrongID})}),
			settled("reason", "reason_updated, read back", exchange{action: "update_reason", start: mine, meddler: instead("PUT", 200, fmt.Sprintf(`{"data":[`+okay+`]}`, "7"))}),
		}},
		{87, "a success with no element, or with two", "read back", []trial{
			settled("none", "locked, read back", exchange{meddler: instead("POST", 201, `{"data":[]}`)}),
			settled("two", "locked, read back", exchange{meddler: instead("POST", 201, fmt.Sprintf(`{"data":[`+okay+`,`+okay+`]}`, "7", "8"))}),
		}},
		{88, "204 without a body", "no lock, to a look; no verdict on a change", []trial{
			settled("to a look", "already_unlocked", exchange{action: "unlock"}),
			settled("to a lock", "locked, read back", exchange{meddler: instead("POST", 204, "")}),
		}},
		{89, "two locks on one record", "nothing is deleted", []trial{
			settled("at an unlock", "failed UNEXPECTED_MULTIPLE", exchange{action: "unlock", start: mine, meddler: changed("GET", func(body string) string {
				return strings.Replace(body, `"data":[`, `"data":[{"id":"7"},`, 1)
			})}),
		}},
		{90, "a lock without reason, user or time", "never taken for ours", []trial{
			settled("none of them", "already_locked", exchange{meddler: bare("")}),
			settled("a time without a zone", "already_locked", exchange{meddler: bare(`,"Locked_Time__s":"2023-09-05T05:13:36"`)}),
			settled("the year 1", "already_locked", exchange{meddler: bare(`,"Locked_Reason__s":"why","Locked_Time__s":"0001-01-01T00:00:00Z"`)}),
			settled("a reason and a user, and no time", "already_locked", exchange{meddler: bare(`,"Locked_Reason__s":"why","Locked_By__s":{"id":"5843104000000420001","name":"x"}`)}),
		}},
		{91, "a message with escape sequences, or of a megabyte", "a sentence of Zoho's or a name is cut at 300 characters, what is kept of both at 1,000 bytes; shown escaped", []trial{
			settled("all of it", "failed INVALID_DATA", exchange{meddler: instead("POST", 400,
				`{"data":[{"code":"INVALID_DATA","status":"error","message":"\u001b]52;c;aGk=\u0007\u009b2J\r\u202e\u2066`+strings.Repeat("A", 900_000)+`","details":{"api_name":"x"}}]}`)}),
			settled("a holder's name", "already_locked", exchange{meddler: after("", func(r *http.Request, _ *http.Response) *http.Response {
				if r.Method == http.MethodPost {
					return answer(r, 502, "<html>")
				}
				return answer(r, 200, `{"data":[{"id":"7","Locked_By__s":{"id":"8","name":"\u001b[2J`+strings.Repeat("N", 900_000)+`"},"Locked_Time__s":"2023-09-05T05:13:36Z"}]}`)
			})}),
			settled("in a code", `failed \x1b[31mNO\u202e`, exchange{meddler: instead("POST", 400, `{"data":[{"code":"\u001b[31mNO\u202e","status":"error","message":"no","details":{}}]}`)}),
		}},
		{92, "a body that is cut, endless, packed or no text", "1 MiB at most, unpacked; 30 s at most; then read back", []trial{
			settled("cut", "locked, read back", lost(sim.CutBody)), settled("16 MiB", "locked, read back", lost(sim.HugeBody)), settled("a byte a second", "locked, read back", lost(sim.Drip)),
			settled("an encoding nobody asked for", "locked, read back", exchange{meddler: instead("POST", 201, "\x8b\x00\x80\x03", "Content-Encoding", "br")}),
			settled("nested deeply", "locked, read back", exchange{meddler: instead("POST", 201, strings.Repeat("[", 100_000))}),
			overSockets("a bomb, packed", "open", bomb),
		}},
		{93, "headers of more than 64 KiB", "no verdict", []trial{
			overSockets("one", "open", func(w http.ResponseWriter) { w.Header().Set("X-Filler", strings.Repeat("a", 80<<10)) }),
			overSockets("a thousand", "open", func(w http.ResponseWriter) {
				for i := range 1000 {
					w.Header().Set(fmt.Sprintf("X-Filler-%d", i), strings.Repeat("a", 100))
				}
			}),
		}},
		{94, "a redirect", "never followed, nothing sent again; the run stops and names the host", []trial{
			settled("307 at a lock", "pending, exit 4, names the host", lost(sim.Redirect)),
			overSockets("308 to this machine", "redirected", func(w http.ResponseWriter) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(http.StatusPermanentRedirect)
			}),
		}},
		{95, "a Date header that is missing or wrong", "without one that can be trusted, time is no evidence: user and reason decide", []trial{
			settled("missing", "locked, read back", exchange{meddler: dated(func(int) string { return "" })}),
			settled("a day off, like the lock's own time", "locked, read back", exchange{config: sim.Config{Skew: 24 * time.Hour}, meddler: after("POST", page)}),
			settled("never the same", "locked, read back", exchange{meddler: dated(func(n int) string {
				return time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(http.TimeFormat)
			})}),
		}},
		{96, "a token answer that names a foreign API, or is no answer", "the address is passed over; a throttle is waited out for ten minutes", []trial{
			tokenAnswer("foreign", "the data centre's own", `{"access_token":"1000.t","api_domain":"https://www.zohoapis.com.evil.test"}`),
			tokenAnswer("plain http", "the data centre's own", `{"access_token":"1000.t","api_domain":"http://www.zohoapis.com"}`),
			tokenAnswer("this machine, from afar", "the data centre's own", `{"access_token":"1000.t","api_domain":"http://127.0.0.1:8080"}`),
			tokenAnswer("Zoho's own", "https://www.zohoapis.eu", `{"access_token":"1000.t","api_domain":"https://www.zohoapis.eu"}`),
			tokenAnswer("Access Denied", "throttled for 10m0s", `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time."}`),
			tokenAnswer("an error", "sign-in refused", `{"error":"invalid_code"}`),
		}},
	}
}

func page(r *http.Request, _ *http.Response) *http.Response { return answer(r, 502, "<html>") }

// bare loses the answer to a lock, and has the look after it find one of which little is said.
func bare(more string) meddler {
	return func(r *http.Request, _ *http.Response) *http.Response {
		switch {
		case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/crm/"):
			return answer(r, 502, "<html>")
		case strings.HasSuffix(r.URL.Path, "/Locking_Information__s"):
			return answer(r, 200, `{"data":[{"id":"5843104000000804009"`+more+`}]}`)
		}
		return nil
	}
}

// dated loses the answer to a lock, and puts another date on each answer.
func dated(date func(n int) string) meddler {
	n := 0
	return func(r *http.Request, resp *http.Response) *http.Response {
		n++
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/crm/") {
			resp = answer(r, 502, "<html>")
		}
		resp.Header.Del("Date")
		if text := date(n); text != "" {
			resp.Header.Set("Date", text)
		}
		return resp
	}
}

// overSockets is a lock over real connections to a server that answers as it likes; the verdict is what
// the call came to.
func overSockets(name, want string, write func(http.ResponseWriter)) trial {
	return trial{name, want, func(t *testing.T) string {
		sent := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			sent++
			write(w)
		}))
		defer server.Close()
		tokens, err := zoho.NewTokens(zoho.TokenConfig{AccessToken: zoho.NewSecret("1000.t")})
		if err != nil {
			t.Fatal(err)
		}
		client, err := zoho.New(zoho.Config{API: server.URL, Tokens: tokens, Limiter: zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.CreateLock(t.Context(), zoho.Record{Module: "Leads", ID: recordID}, "why")
		return fmt.Sprintf("%s%s", phaseOf(err), map[bool]string{true: ", sent again"}[sent != 1])
	}}
}

// tokenAnswer is a trial of what a token answer leads to.
func tokenAnswer(name, want, body string) trial {
	return trial{name, want, func(t *testing.T) (verdict string) {
		synctest.Test(t, func(t *testing.T) {
			tokens, err := zoho.NewTokens(zoho.TokenConfig{
				Accounts: "https://accounts.zoho.com", ClientID: "client", ClientSecret: zoho.NewSecret(deskSecret),
				RefreshToken: zoho.NewSecret(deskRefresh), Transport: farEnd(func() (int, string) { return 200, body }),
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = tokens.Token(t.Context()); err != nil {
				verdict = phaseOf(err)
				return
			}
			if verdict = tokens.APIDomain(); verdict == "https://www.zohoapis.com" {
				verdict = "the data centre's own"
			}
		})
		return verdict
	}}
}
