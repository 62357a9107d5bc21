package sim_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// browser is a headless Chromium, spoken to by its own protocol through a pipe.
type browser struct {
	t       *testing.T
	out     *os.File
	in      *bufio.Reader
	session string
	last    int
}

// browse opens a page, or skips the test where there is no Chromium.
func browse(t *testing.T, url string) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" || testing.Short() {
		t.Skip("there is no Chromium here, or the tests are to be short")
	}
	profile, err := os.MkdirTemp("", "zlock-browser-") // not t.TempDir: the browser's helpers outlive it by a moment
	if err != nil {
		t.Fatal(err)
	}
	theirIn, ourOut := pipe(t)
	ourIn, theirOut := pipe(t)
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--no-first-run", "--user-data-dir="+profile, "--window-size=1200,1400")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, out: ourOut, in: bufio.NewReader(ourIn)}
	t.Cleanup(func() {
		b.session = ""
		b.tell("Browser.close", nil)
		_ = ourOut.Close() // which ends it too
		_ = cmd.Wait()
		for range 1000 {
			if os.RemoveAll(profile) == nil {
				break
			}
			runtime.Gosched()
		}
	})
	_, _ = theirIn.Close(), theirOut.Close()
	var target struct{ TargetID string }
	b.get(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	var session struct{ SessionID string }
	b.get(&session, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	b.session = session.SessionID
	b.get(&target, "Page.navigate", map[string]any{"url": url}) // answered when the page has taken the blank one's place
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

func (b *browser) tell(method string, params any) {
	b.last++
	line, err := json.Marshal(map[string]any{"id": b.last, "method": method, "params": params, "sessionId": b.session})
	if b.session == "" {
		line, err = json.Marshal(map[string]any{"id": b.last, "method": method, "params": params})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	_, _ = b.out.Write(append(line, 0))
}

// get carries out one method of the protocol and reads its result.
func (b *browser) get(into any, method string, params any) {
	b.t.Helper()
	b.tell(method, params)
	for {
		line, err := b.in.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: the browser is gone: %v", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := json.Unmarshal(line[:len(line)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID != b.last {
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error)
		}
		if err := json.Unmarshal(answer.Result, into); err != nil {
			b.t.Fatal(err)
		}
		return
	}
}

// eval evaluates an expression in the page, waiting for a promise.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.get(&got, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true})
	if got.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, got.ExceptionDetails)
	}
	return got.Result.Value
}

// until waits until the expression is true in the page.
func (b *browser) until(expression string) {
	b.t.Helper()
	b.eval(`new Promise(done => { const look = () => { let is = false; try { is = ` + expression +
		` } catch {} is ? done(true) : setTimeout(look, 20); }; look(); })`)
}

func TestTheConsoleInABrowser(t *testing.T) {
	hostile := lockedLead("5843104000000000011")
	hostile.Name = `<img src=x onerror="document.title='broken'">`
	hostile.Lock.Reason = `</td></table><script>document.title="broken"</script>`
	o, server := consoleOf(t, holding(lead("5843104000000000010"), hostile))
	b := browse(t, server.URL)
	b.until(`document.readyState === "complete" && document.getElementById("locked").textContent === "1"`)
	text, _ := b.eval(`document.getElementById("locks").innerText`).(string)
	if !strings.Contains(text, hostile.Name) || !strings.Contains(text, hostile.Lock.Reason) {
		t.Errorf("the lock is shown as %q", text)
	}
	if title, images := b.eval(`document.title`), b.eval(`document.querySelectorAll("img").length`); title != "A pretend Zoho" || images != 0.0 {
		t.Errorf("title %v, %v images", title, images)
	}
	look := func() int { return call(t, o, http.MethodGet, list("5843104000000000011")+allOf, "").status }
	for _, name := range []string{"throttle", "outage"} {
		for _, on := range []string{"true", "false"} {
			b.eval(`document.getElementById("` + name + `").click()`)
			b.until(fmt.Sprintf(`document.getElementById(%q).getAttribute("aria-pressed") === %q`, name, on))
			if got := look(); (got != http.StatusOK) != (on == "true") {
				t.Errorf("%s %s: %d", name, on, got)
			}
		}
	}
	signedIn := "Zoho-oauthtoken " + o.Token()
	b.eval(`turn("revoke", true)`)
	if r := send(t, o.Transport(), http.MethodGet, list("5843104000000000011")+allOf, "", signedIn); r.said(t) != "INVALID_TOKEN" {
		t.Errorf("after the revocation: %+v", r)
	}
	lockID(t, o, "5843104000000000010")
	b.until(`document.getElementById("locked").textContent === "2" && document.getElementById("events").innerText.includes("201")`)
	if file := os.Getenv("ZLOCK_TEST_SCREENSHOT"); file != "" {
		var shot struct{ Data string }
		b.get(&shot, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})
		data, err := base64.StdEncoding.DecodeString(shot.Data)
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
