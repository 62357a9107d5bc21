package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// heard is what a hook was started with.
type heard struct {
	Args, Env []string
	Dir, In   string
}

// hook is the test binary as the command of a --notify: it adds to a file what it was started with.
func hook(file string) int {
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 90
	}
	dir, _ := os.Getwd()
	line, _ := json.Marshal(heard{os.Args[1:], os.Environ(), dir, string(in)})
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 91
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		return 92
	}
	fmt.Println("\x1b[31mthe hook says no")
	switch os.Args[1] {
	case "fail":
		return 3
	case "hang":
		time.Sleep(time.Hour)
	}
	return 0
}

// withHook makes hook record to a file, and returns what to give --notify, and how to read the file.
func (s *stage) withHook() (command func(args string) string, read func() []heard) {
	file := filepath.Join(s.dir, "heard.jsonl")
	s.env["CLI_TEST_HOOK"] = file
	command = func(args string) string { return "'" + os.Args[0] + "' " + args }
	return command, func() []heard {
		s.t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		var all []heard
		for line := range strings.Lines(string(text)) {
			var h heard
			if err := json.Unmarshal([]byte(line), &h); err != nil {
				s.t.Fatal(err)
			}
			all = append(all, h)
		}
		return all
	}
}

// told is a notice.
type told struct {
	status
	Event, Org, Message, Text string
	Simulated                 bool
	ExitCode                  int `json:"exit_code"`
}

func readNotice(t *testing.T, text string) told {
	t.Helper()
	if !strings.HasSuffix(text, "}\n") || strings.Count(text, "\n") != 1 {
		t.Errorf("not one line: %q", text)
	}
	var n told
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return n
}

func TestNoticesOfARunsLife(t *testing.T) {
	s := newStage(t).withZoho(nil)
	command, read := s.withHook()
	job := s.file("a&b <!here>.csv", "id,module,action,reason\n"+leadID(1)+",Leads,lock,x\n"+leadID(2)+",Leads,lock,x\n5843104000000109004,Leads,lock,x\n")
	hook := command(`ok "two words"`)
	s.want(s.run("run", job, "--limit", "1", "--notify", hook), 6)
	s.env["ZLOCK_NOTIFY"] = hook
	s.want(s.run("resume"), 5)
	s.want(s.run("resume"), 5)
	s.want(s.run("run", "--resume", job), 5)
	s.want(s.run("retry", "--all", "--code", "NONE"), 5)

	heard := read()
	for i, want := range []struct {
		event, message string
		code           int
	}{
		{"stopped", " is paused (--limit reached): 1 locked, 2 left; 1 credit", 6},
		{"finished", " is completed: 2 locked, 1 failed; 3 credits", 5},
		{"nothing_to_do", " is completed already: nothing to do (2 locked, 1 failed)", 5},
		{"nothing_to_do", " is completed already", 5},
		{"nothing_to_do", " is completed already", 5},
	} {
		if i >= len(heard) {
			t.Fatalf("%d notices", len(heard))
		}
		n := readNotice(t, heard[i].In)
		if n.Event != want.event || n.ExitCode != want.code || !strings.Contains(n.Message, want.message) ||
			!strings.Contains(n.Message, n.Run) || n.Rows["total"] != 3 || n.Simulated || !strings.HasPrefix(n.Org, "127.0.0.1:") {
			t.Errorf("notice %d: %+v", i, n)
		}
		if !strings.Contains(n.Text, "a&amp;b &lt;!here&gt;.csv") || !strings.Contains(n.Text, "\nnext: zlock ") || strings.ContainsAny(n.Text, "<>") {
			t.Errorf("notice %d for a chat: %q", i, n.Text)
		}
		if !slices.Equal(heard[i].Args, []string{"ok", "two words"}) {
			t.Errorf("words %q", heard[i].Args)
		}
	}
	if len(heard) != 5 {
		t.Errorf("%d notices", len(heard))
	}
}

func TestACommandHearsNoSecret(t *testing.T) {
	s := newStage(t).withZoho(nil)
	command, read := s.withHook()
	s.env["ZLOCK_NOTIFY"] = command("ok")
	s.env["COPY"] = "Bearer " + refreshOfTests
	s.env["ZLOCK_UNKNOWN"] = "x"
	s.want(s.run("run", s.locks("job.csv", 0, 2)), 0)
	h := read()[0]
	all := strings.Join(h.Env, "\n")
	for _, none := range []string{secretOfTests, refreshOfTests, "ZLOCK_CLIENT_ID", "ZLOCK_NOTIFY", "ZLOCK_UNKNOWN", "COPY="} {
		if strings.Contains(all, none) || strings.Contains(h.In, none) {
			t.Errorf("%s reached the command", none)
		}
	}
	for _, some := range []string{"HOME=" + s.dir, "ZLOCK_STATE_DIR=", "ZLOCK_API_URL="} {
		if !slices.ContainsFunc(h.Env, func(pair string) bool { return strings.HasPrefix(pair, some) }) {
			t.Errorf("%s did not reach the command", some)
		}
	}
	if dir, err := filepath.EvalSymlinks(s.dir); err != nil || h.Dir != dir {
		t.Errorf("it was started in %s, not in %s (%v)", h.Dir, dir, err)
	}
}

func TestAFailedNoticeChangesNothing(t *testing.T) {
	const path = "/services/T0/B0/verysecret"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away"+path {
			http.Redirect(w, r, path, http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "no_team at %s\x1b[31m", r.URL.Path)
	}))
	defer server.Close()
	locked := httptest.NewUnstartedServer(http.NotFoundHandler())
	locked.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that nobody trusts its certificate
	locked.StartTLS()
	defer locked.Close()
	s := newStage(t).withZoho(nil)
	command, _ := s.withHook()
	for i, in := range []struct{ notify, says string }{
		{command("fail"), `: exit status 3; \u{1b}[31mthe hook says no`},
		{"/no/such/command", "/no/such/command was not told: "},
		{"no-such-command-anywhere", "no-such-command-anywhere was not told: "},
		{server.URL + path, "was not told: it answers 403; no_team at [redacted]"},
		{server.URL + "/away" + path, "it answers 307, a redirect, which is not followed"},
		{locked.URL + path, "was not told: tls: "},
		{"http://127.0.0.1:1" + path, "http://127.0.0.1:1 was not told: "},
	} {
		t.Run(in.notify, func(t *testing.T) {
			job := s.locks(fmt.Sprintf("job%d.csv", i), 10*i, 10*i+2)
			o := s.want(s.run("run", job, "--json", "--notify", in.notify), 0, "zlock: warning: ", in.says)
			if strings.Contains(o.err+o.out, "verysecret") || strings.ContainsRune(o.err, '\x1b') {
				t.Errorf("it says %s", o.err)
			}
			if !strings.HasPrefix(o.out, `{"run":`) || strings.Count(o.out, "\n") != 1 {
				t.Errorf("standard output %q", o.out)
			}
		})
	}
}

func TestNoticesByPost(t *testing.T) {
	bodies := make(chan string, 4)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body)
	}))
	defer server.Close()
	s := newStage(t)
	s.env["ZLOCK_NOTIFY"] = server.URL + "/a,b\n" + server.URL + "/c?d=e"
	s.want(s.run("run", s.locks("job.csv", 0, 2), "--simulate"), 0)
	got := []string{<-bodies, <-bodies}
	slices.Sort(got)
	for i, prefix := range []string{"POST /a,b application/json {", "POST /c?d=e application/json {"} {
		if !strings.HasPrefix(got[i], prefix) {
			t.Errorf("%q", got[i])
		}
		n := readNotice(t, got[i][strings.Index(got[i], "{"):])
		if n.Event != "finished" || !n.Simulated || !strings.HasPrefix(n.Text, "a pretend Zoho (SIMULATED): run ") {
			t.Errorf("notice %+v", n)
		}
	}
}

// TestNoticeOfAFailure is of an end before anything could be summed up, and of one that Zoho brought.
func TestNoticeOfAFailure(t *testing.T) {
	s := newStage(t)
	command, read := s.withHook()
	s.mkdir("state")
	s.file("state/sim", "in the way")
	s.want(s.run("run", s.locks("job.csv", 0, 2), "--simulate", "--notify", command("ok")), 1, "simulate: ")
	n := readNotice(t, read()[0].In)
	if n.Event != "stopped" || n.ExitCode != 1 || n.State != "enrolled" || !strings.Contains(n.Message, "is enrolled: 2 left; 0 credits; simulate: ") {
		t.Errorf("notice %+v", n)
	}
	s = newStage(t).withZoho(func(c *sim.Config) { c.Tokens.ClientSecret = "another" })
	command, read = s.withHook()
	s.want(s.run("run", s.locks("job.csv", 0, 2), "--notify", command("ok")), 4)
	if n := readNotice(t, read()[0].In); n.Event != "stopped" || n.ExitCode != 4 || n.StoppedBy == nil || *n.StoppedBy != "auth" {
		t.Errorf("notice %+v", n)
	}
}

func TestWhoCannotBeNotified(t *testing.T) {
	for _, in := range []struct{ notify, says string }{
		{"http://example.com/x-secret", "--notify: http goes to this machine alone"},
		{"https://me:x-secret@example.com/", "--notify: an address with a user name"},
		{"ftp://example.com/x-secret", "--notify: an address begins with https://"},
		{"https://", "--notify: not an address"},
		{"https://x-secret%zz/", "--notify: not an address"},
		{"mail 'x-secret", "--notify: a quote is not closed"},
		{"'' x-secret", "--notify: the command has no name"},
	} {
		t.Run(in.notify, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			job := s.locks("job.csv", 0, 2)
			o := s.want(s.run("run", job, "--notify", in.notify), 2, in.says)
			s.env["ZLOCK_NOTIFY"] = in.notify
			o.err += s.want(s.run("run", job), 2, "ZLOCK_NOTIFY: ").err
			if strings.Contains(o.err, "x-secret") {
				t.Errorf("it repeats a secret: %s", o.err)
			}
			if n := s.org.Stats().Calls; n != 0 {
				t.Errorf("%d calls were made", n)
			}
		})
	}
}

func TestNobodyIsWaitedForLong(t *testing.T) {
	hanging := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees the client go away
		<-r.Context().Done()
		close(hanging)
	}))
	defer server.Close()
	w := cli.World{Dir: t.TempDir(), Environ: []string{"CLI_TEST_HOOK=" + filepath.Join(t.TempDir(), "heard")}}
	for _, to := range []string{server.URL, "'" + os.Args[0] + "' hang"} {
		err := cli.Deliver(t.Context(), w, to, []byte("{}\n"), time.Second)
		if err == nil || err.Error() != "it took longer than 1s" {
			t.Errorf("%s: %v", to, err)
		}
	}
	<-hanging
}

func TestSplitWords(t *testing.T) {
	for _, in := range []struct {
		text string
		want []string
	}{
		{"mail -s  zlock\tops@example.com ", []string{"mail", "-s", "zlock", "ops@example.com"}},
		{`sh -c "echo \"a  b\" | cat > \$x"`, []string{"sh", "-c", `echo "a  b" | cat > \$x`}},
		{`'a b'c "" '\'`, []string{"a bc", "", `\`}},
		{`C:\Tools\hook.exe \\server\share a\ b`, []string{`C:\Tools\hook.exe`, `\server\share`, "a b"}},
		{`"C:\Program Files\hook.exe" x`, []string{`C:\Program Files\hook.exe`, "x"}},
		{`$HOME/*.sh; rm`, []string{"$HOME/*.sh;", "rm"}},
		{`a\`, []string{`a\`}},
		{"", nil},
	} {
		if got, err := cli.SplitWords(in.text); err != nil || !slices.Equal(got, in.want) {
			t.Errorf("%s: %q, %v", in.text, got, err)
		}
	}
	for _, text := range []string{`"a`, `'a`, `a "b' c`, `"a\"`} {
		if got, err := cli.SplitWords(text); err == nil {
			t.Errorf("%s: %q", text, got)
		}
	}
	for _, word := range []string{"it's", `a "b"`, "a b", "é\u00a0x", `$x`} { // what we print to be typed is read back
		if got, err := cli.SplitWords(cli.ShellWord(word)); err != nil || len(got) != 1 || got[0] != word {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}

// One record is told of by the command that changed it, which somebody is waiting for.
func TestNoNoticeOfOneRecord(t *testing.T) {
	s := newStage(t).withZoho(nil)
	command, _ := s.withHook()
	s.env["ZLOCK_NOTIFY"], s.env["ZLOCK_METRICS"] = command("ok"), "zlock.prom"
	s.want(s.run("lock", "Leads", leadID(1), "--reason", "x"), 0)
	for _, name := range []string{"heard.jsonl", "zlock.prom"} {
		if _, err := os.Stat(filepath.Join(s.dir, name)); err == nil {
			t.Errorf("there is a %s", name)
		}
	}
}
