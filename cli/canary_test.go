package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"zlock/cli"
	"zlock/zoho/sim"
)

// Canaries are secrets that every spelling changes, and that stand nowhere by chance.
const (
	canarySecret  = `c4nary/of+the "client" \ ünd==`
	canaryRefresh = `1000.c4nary+refresh/` + `0123456789abcdef0123456789abcdef`
)

// aviary knows the secrets of a test and where they may be kept.
type aviary struct {
	mu      sync.Mutex
	secrets map[string]bool
}

func (a *aviary) add(secrets ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range secrets {
		if len(s) >= 16 {
			a.secrets[s] = true
		}
	}
}

// in returns the spellings of secrets that a text holds. Base64 is looked for where it begins anywhere
// within a longer text; whoever decodes the hexadecimal of a page finds it too.
func (a *aviary) in(text []byte) (found []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for secret := range a.secrets {
		quoted, _ := json.Marshal(secret) // a string always marshals
		inJSON := strings.Trim(string(quoted), `"`)
		forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), inJSON, strings.ReplaceAll(inJSON, "/", `\/`),
			hex.EncodeToString([]byte(secret)), fmt.Sprintf("%X", secret)}
		for before := range 3 {
			whole := base64.StdEncoding.EncodeToString([]byte("xyz"[:before] + secret + "xyz"))
			middle := whole[4 : len(whole)-8]
			forms = append(forms, middle, strings.NewReplacer("+", "-", "/", "_").Replace(middle))
		}
		for _, form := range forms {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, form)
			}
		}
	}
	return found
}

// echo is a far end that repeats what it was told, in the way of a case, at every door but those of the
// other kind.
type echo struct {
	org   *sim.Org
	birds *aviary
	how   func(r *http.Request, said string) (*http.Response, error)
	doors string // "api" or "accounts"
	say   string // in the place of the secrets; "" for these
}

// RoundTrip answers as the case has it, or as the pretend Zoho does.
func (e *echo) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	form, _ := url.ParseQuery(string(body))
	e.birds.add(token, form.Get("code"), form.Get("token"), form.Get("refresh_token"), form.Get("client_secret"))
	door := "api"
	if strings.HasPrefix(r.URL.Path, "/oauth") {
		door = "accounts"
	}
	if e.how == nil || door != e.doors {
		answer, err := e.org.Transport().RoundTrip(r)
		return answer, err
	}
	said := token
	if door == "accounts" {
		said = form.Get("client_secret") + " " + form.Get("refresh_token") + " " + form.Get("code") + " " + form.Get("token")
	}
	if e.say != "" {
		said = e.say
	}
	return e.how(r, said)
}

func response(status int, kind, body string) (*http.Response, error) {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: http.Header{"Content-Type": {kind}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// refusal is an error answer as JSON, with any texts.
func refusal(status int, code, message string) (*http.Response, error) {
	body, _ := json.Marshal(map[string]any{"code": code, "error": code, "message": message, "status": "error", "details": map[string]string{"api_name": message}})
	return response(status, "application/json", string(body))
}

// echoes are ways in which a server or a proxy could give a secret back.
func echoes() map[string]func(r *http.Request, said string) (*http.Response, error) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte("Zoho-oauthtoken " + s)) }
	return map[string]func(r *http.Request, said string) (*http.Response, error){
		"message": func(_ *http.Request, s string) (*http.Response, error) { return refusal(400, "INVALID_DATA", "not "+s) },
		"code":    func(_ *http.Request, s string) (*http.Response, error) { return refusal(403, s, "no") },
		"permission": func(_ *http.Request, s string) (*http.Response, error) {
			return refusal(403, "NO_PERMISSION", url.QueryEscape(s))
		},
		"base64": func(_ *http.Request, s string) (*http.Response, error) { return refusal(400, "INVALID_DATA", b64(s)) },
		"hexadecimal": func(_ *http.Request, s string) (*http.Response, error) {
			return refusal(500, "INTERNAL_ERROR", fmt.Sprintf("%x", s))
		},
		"dead": func(_ *http.Request, s string) (*http.Response, error) {
			return refusal(401, "INVALID_TOKEN", "invalid oauth token "+s)
		},
		"throttled": func(_ *http.Request, s string) (*http.Response, error) { return refusal(429, "TOO_MANY_REQUESTS", s) },
		"page": func(_ *http.Request, s string) (*http.Response, error) {
			return response(502, "text/html", "<h1>"+s+"</h1>")
		},
		"no JSON": func(_ *http.Request, s string) (*http.Response, error) { return response(200, "text/plain", s) },
		"lost": func(_ *http.Request, s string) (*http.Response, error) {
			return nil, errors.New("malformed HTTP response " + s)
		},
		"a proxy": func(_ *http.Request, s string) (*http.Response, error) {
			return nil, fmt.Errorf("proxyconnect tcp: %q", s)
		},
		"token answer": func(_ *http.Request, s string) (*http.Response, error) {
			return response(200, "application/json", `{"access_token":`+quotedJSON(s+" "+s)+`,"api_domain":`+quotedJSON("https://"+url.PathEscape(s)+".example")+`}`)
		},
		"redirect": func(_ *http.Request, s string) (*http.Response, error) {
			r, err := response(307, "text/html", "")
			r.Header.Set("Location", "https://"+url.PathEscape(s)+".example/"+url.PathEscape(s))
			return r, err
		},
		"a lock": func(_ *http.Request, s string) (*http.Response, error) {
			return response(200, "application/json", `{"data":[{"id":"1","Locked_Reason__s":`+quotedJSON(s)+`,"Lock_Source__s":"Manual","Locked_By__s":{"id":"5","name":`+quotedJSON(s)+`},"Locked_For__s":{"id":"5843104000000000051","name":`+quotedJSON(s)+`}}],"org":[{"id":"7","company_name":`+quotedJSON(s)+`}],"users":[{"id":"8","full_name":`+quotedJSON(s)+`}],"modules":[{"api_name":"Leads","plural_label":`+quotedJSON(s)+`}]}`)
		},
	}
}

func quotedJSON(s string) string {
	text, _ := json.Marshal(s) // a string always marshals
	return string(text)
}

// walk is command lines that touch every command, some of them wrong in every way. The name before the
// bar is the command's as zlock --help lists it.
func walk() []string {
	return []string{
		"run|job.csv", "run|job.csv --again --json --faults f.csv --metrics m.prom --precheck always --attempts 1", "run|bad.csv --faults g.jsonl", "run|nowhere.csv",
		"run|job.csv --again --dc eu --api-url https://evil.example", "run|job.csv --again --composite on --attempts 1",
		"plan|job.csv --check --json", "plan|bad.csv --faults g.csv --force", "plan|job.csv --check", "resume|--json", "resume|nothing", "retry|--all", "status|", "status|--json", "runs|--json", "runs|",
		"results|", "results|--json", "results|-o r.csv --force", "results|-o r.jsonl --force", "report|-o p.html --force", "report|-o p.md --format md --force",
		"show|Leads 5843104000000000051", "show|Leads 5843104000000000051 --json", "lock|Leads 5843104000000000151 --reason Audit",
		"unlock|Leads 5843104000000000151 --json", "reason|Leads 5843104000000000151 --reason Other",
		"doctor|Leads", "doctor|Leads --json --probe Leads/5843104000000000051", "config|get Leads", "config|get Leads --json",
		"config|create Leads --type manual", "config|update Leads --type both", "config|delete Leads",
		"verify|", "verify|--json", "verify|-o v.csv --force", "undo|--dry-run", "undo|--yes --json", "locks|Leads", "locks|Leads --details -o l.csv --force",
		"locks|Leads --ours --json", "sweep|Leads --dry-run --locked-before 0s", "sweep|Leads --yes --json --locked-before 0s",
		"modules|", "modules|--json --count", "modules|Leads --fields", "prune|--keep 1d --dry-run", "auth|status", "auth|status --json",
		"auth|login --code-stdin --store keyring", "auth|login --code-stdin --store file --json", "auth|logout --json",
		"sim|--listen nowhere:at:all", "completion|bash", "version|--json", "help|run",
	}
}

// TestWalkIsWhole finds every command in the walk.
func TestWalkIsWhole(t *testing.T) {
	walked := map[string]bool{}
	for _, line := range walk() {
		name, _, _ := strings.Cut(line, "|")
		walked[name] = true
	}
	listed := regexp.MustCompile(`(?m)^  ([a-z]+) {2,}[A-Z]`).FindAllStringSubmatch(newStage(t).run("--help").out, -1)
	for _, m := range listed {
		if !walked[m[1]] {
			t.Errorf("%s is a command that the walk does not try", m[1])
		}
	}
	if len(listed) < 20 {
		t.Errorf("only %d commands are listed", len(listed))
	}
}

// mayKeep are the files that secrets are for: the token that processes share, and a sign-in with --store
// file. Both are for their owner alone.
var mayKeep = regexp.MustCompile(`/orgs/[0-9a-f]+/token\.json$|/\.config/zlock/signin/[a-z]+\.json$`)

// TestNothingSecretComesOut walks every command at a far end that repeats every secret it hears, in many
// ways, and looks for them in both streams and in every byte of every file.
func TestNothingSecretComesOut(t *testing.T) {
	for _, doors := range []string{"api", "accounts"} {
		for _, name := range slices.Sorted(maps.Keys(echoes())) {
			if doors == "accounts" && slices.Contains([]string{"permission", "hexadecimal", "a proxy", "a lock"}, name) {
				continue // nothing that the others do not try there
			}
			t.Run(doors+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { walkAlong(t, doors, echoes()[name]) })
			})
		}
	}
}

func walkAlong(t *testing.T, doors string, how func(*http.Request, string) (*http.Response, error)) {
	s := newStage(t).inBubble(20, func(c *sim.Config) {
		c.Latency = nil
		c.Tokens.ClientSecret, c.Tokens.RefreshToken = canarySecret, canaryRefresh
	})
	birds := &aviary{secrets: map[string]bool{}}
	birds.add(canarySecret, canaryRefresh)
	far := &echo{org: s.org, birds: birds, doors: doors}
	keys := &fakeKeyring{entries: map[string]string{}}
	s.world = func(w *cli.World) { w.Transport, w.Keyring = far, keys }
	s.env["ZLOCK_CLIENT_SECRET"], s.env["ZLOCK_REFRESH_TOKEN"] = canarySecret, canaryRefresh
	s.env["ZLOCK_MAX_DURATION"] = "1h" // a sign-in that is throttled for ever is waited for
	s.in = "1000.c4nary.code.of.a.self.client.0123456789\n"
	s.manyLocks(3)
	s.file("bad.csv", "record_id,module,action\nx,Leads,lock\n")
	try := func(line string, args ...string) {
		name, rest, _ := strings.Cut(line, "|")
		o := s.run(append(append([]string{name}, strings.Fields(rest)...), args...)...)
		if found := birds.in([]byte(o.out)); len(found) > 0 {
			t.Errorf("zlock %s %s: standard output holds %q", name, rest, found)
		}
		if found := birds.in([]byte(o.err)); len(found) > 0 {
			t.Errorf("zlock %s %s: standard error holds %q:\n%s", name, rest, found, o.err)
		}
		if o.code == 1 && !strings.HasPrefix(rest, "--listen") {
			t.Errorf("zlock %s %s: exit 1: %s", name, rest, o.err)
		}
	}
	try("run|job.csv --limit 1") // with a run of before, and a token in the file
	far.how = how
	if doors == "accounts" { // so that another token is asked for
		files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "token.json"))
		if err != nil || len(files) != 1 || os.Remove(files[0]) != nil {
			t.Fatalf("token files: %q, %v", files, err)
		}
	}
	for _, line := range walk() {
		debug := []string{"--log-level", "debug"}
		if name, _, _ := strings.Cut(line, "|"); name == "help" || name == "version" || name == "completion" {
			debug = nil
		}
		try(line, debug...)
	}
	birds.search(t, s.dir)
}

// TestNothingHostileReachesATerminal walks every command, on a terminal, at a far end whose texts would
// steer it, and would be formulas in a spreadsheet, with a job file of the same kind.
func TestNothingHostileReachesATerminal(t *testing.T) {
	const hostile = "=cmd|'/C calc'!A0 \x1b]0;owned\x07\x1b[2J\u009b1m\u202e\u2066 \r\nzlock: forged\u2028line\x00"
	for _, name := range []string{"message", "code", "permission", "throttled", "page", "lost", "redirect", "a lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(20, func(c *sim.Config) { c.Latency = nil })
				far := &echo{org: s.org, birds: &aviary{secrets: map[string]bool{}}, doors: "api", say: hostile}
				keys := &fakeKeyring{entries: map[string]string{}}
				s.world = func(w *cli.World) { w.Transport, w.Keyring, w.OutTerminal = far, keys, true }
				s.env["ZLOCK_MAX_DURATION"] = "1h"
				s.in = "code\n"
				s.file("job.csv", "record_id,module,action,reason,=1+1\x1b[2J\n"+farLead(0)+",Leads,lock,\"=1+1\u202e\",\"+2\x1b[2J\"\n"+farLead(1)+",Leads,lock,Audit,\u009b\n")
				s.file("bad.csv", "record_id,module,action\n\"=x\x1b[2J\",Leads,lock\n")
				s.want(s.run("run", "job.csv", "--limit", "1"), 6)
				far.how = echoes()[name]
				for _, line := range walk() {
					name, rest, _ := strings.Cut(line, "|")
					o := s.run(append([]string{name}, strings.Fields(rest)...)...)
					for _, stream := range []string{o.out, o.err} {
						if at := strings.IndexFunc(stream, steers); at >= 0 {
							t.Errorf("zlock %s %s: %.60q", name, rest, stream[max(0, at-20):])
						}
						if strings.Contains(stream, "\nzlock: forged") {
							t.Errorf("zlock %s %s: a forged line in %q", name, rest, stream)
						}
					}
				}
				for _, file := range []string{"r.csv", "g.csv", "v.csv", "l.csv"} {
					s.noFormulas(file)
				}
			})
		})
	}
}

// steers reports characters that act on a terminal, but for line ends.
func steers(r rune) bool {
	return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// noFormulas reads a CSV file that a command wrote, if it did.
func (s *stage) noFormulas(name string) {
	s.t.Helper()
	body, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || len(rows) < 2 {
		s.t.Errorf("%s: %d rows, %v", name, len(rows), err)
	}
	for _, cell := range slices.Concat(rows...) {
		if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", first) {
			s.t.Errorf("%s: a cell begins with %q", name, cell)
		}
	}
}

// search looks for secrets in every byte of every file.
func (a *aviary) search(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		found := a.in(body)
		if !mayKeep.MatchString(filepath.ToSlash(path)) && len(found) > 0 {
			t.Errorf("%s holds %q", path, found)
		}
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("%d files looked at, %v", files, err)
	}
}

// TestThePanicsTextIsScrubbed: what a crash says is taken from memory, where secrets are.
func TestThePanicsTextIsScrubbed(t *testing.T) {
	s := newStage(t)
	s.env["ZLOCK_CLIENT_ID"], s.env["ZLOCK_CLIENT_SECRET"] = "client", canarySecret
	s.in = "1000.code\n"
	s.world = func(w *cli.World) { w.Keyring = panicking{} }
	o := s.want(s.run("auth", "login", "--code-stdin", "--accounts-url", "http://127.0.0.1:9"), 1, "zlock: panic: [redacted]")
	birds := &aviary{secrets: map[string]bool{canarySecret: true}}
	if found := birds.in([]byte(o.err)); len(found) > 0 {
		t.Errorf("said %q: %s", found, o.err)
	}
}

// panicking is a keyring that breaks.
type panicking struct{}

func (panicking) Get(string) (string, error) { panic(canarySecret) }
func (panicking) Set(string, string) error   { panic(canarySecret) }
func (panicking) Delete(string) error        { panic(canarySecret) }
