package zoho

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxAnswer   = 1 << 20  // bytes of an answer that are read, after decompression
	maxMetadata = 16 << 20 // the same for long lists: a module may have 500 fields of 4 KiB, a query 2,000 rows
	maxMessage  = 300      // characters of Zoho's sentence that are kept
)

// answer is what came back: a status, headers, and as much of the body as arrived within bounds.
type answer struct {
	status int
	header http.Header
	body   []byte
	broken error // why the body is not whole; nil when it is
	at     time.Time
	value  any   // the body's one JSON value
	fault  error // why there is none
}

// readAnswer reads a response to its end, so that the connection can be used again, but never more than
// most bytes of it, and closes it.
func readAnswer(resp *http.Response, most int, hidden *Hidden) *answer {
	defer resp.Body.Close() // nothing is lost by an error here: the body has been read
	body, err := readAll(io.LimitReader(resp.Body, int64(most)+1), resp.ContentLength)
	if err == nil && len(body) > most {
		body, err = body[:most], fmt.Errorf("longer than %d MiB", most>>20)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: hidden.RedactData(body), broken: hidden.redactError(err), at: time.Now()}
	a.value, a.fault = a.decode()
	return a
}

// readAll is io.ReadAll with room for as many bytes as are announced, within reason.
func readAll(from io.Reader, announced int64) ([]byte, error) {
	if announced < 0 || announced > 16<<10 {
		return io.ReadAll(from)
	}
	body := make([]byte, 0, announced+1) // one more, in which the end shows
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// statusCode returns the status, and 0 for no answer.
func (a *answer) statusCode() int {
	if a == nil {
		return 0
	}
	return a.status
}

func (a *answer) success() bool { return a.status >= 200 && a.status < 300 }

// creditsRemaining returns the X-API-CREDITS-REMAINING header, which Zoho sends once half of the day's
// credits are spent, or -1.
func (a *answer) creditsRemaining() int {
	n, err := strconv.Atoi(strings.TrimSpace(a.header.Get("X-API-CREDITS-REMAINING")))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func (a *answer) decode() (any, error) {
	if a.broken != nil {
		return nil, a.broken
	}
	if len(a.body) == 0 {
		return nil, errors.New("empty")
	}
	v, err := decodeLoosely(a.body)
	if err != nil && a.html() {
		return nil, errors.New("an HTML page")
	}
	return v, err
}

func (a *answer) html() bool {
	return strings.Contains(strings.ToLower(a.header.Get("Content-Type")), "html") ||
		strings.HasPrefix(strings.TrimSpace(string(a.body[:min(len(a.body), 64)])), "<")
}

// finding is the element of an answer that says how the call ended.
type finding struct {
	code    string // upper case as Zoho wrote it; "" when there is none
	message string
	status  string // "success" or "error"; "" when there is none
	details object // nil when missing or no object
}

// findFinding looks for that element where Zoho is known to put it: at the top, in data[0], in
// data[0][0], in record_locking_configurations[0].
func findFinding(v any) (finding, bool) {
	top := first(v)
	if top == nil {
		return finding{}, false
	}
	for _, o := range []object{top, first(top.get("data")), first(top.get("record_locking_configurations"))} {
		if f := readFinding(o); f.code != "" || f.status != "" {
			return f, true
		}
	}
	return finding{}, false
}

func readFinding(o object) finding {
	f := finding{code: codeOf(o), status: strings.ToLower(o.text("status")), details: o.object("details")}
	for _, key := range []string{"message", "error_info", "error_description"} {
		if f.message == "" {
			f.message = o.text(key)
		}
	}
	return f
}

// codeOf prefers a code in words: an older 429 carries the number 429 as its code and the word as error.
func codeOf(o object) string {
	number := ""
	for _, key := range []string{"code", "error", "errorCode"} {
		switch text := strings.TrimSpace(o.text(key)); {
		case text == "":
		case !isDigits(text):
			return text
		case number == "":
			number = text
		}
	}
	return number
}

// failed reports whether the finding says that the call did not succeed.
func (f finding) failed() bool {
	if f.status != "" {
		return f.status != "success"
	}
	return f.code != "" && !strings.EqualFold(f.code, "SUCCESS")
}

// index returns details.resource_path_index, or -1.
func (f finding) index() int {
	n, err := strconv.Atoi(f.details.text("resource_path_index"))
	if err != nil {
		return -1
	}
	return n
}

// cut shortens text to maxMessage characters and takes out the secrets named, should a server echo one.
func cut(text string, secrets ...Secret) string {
	for _, s := range secrets {
		if !s.IsZero() {
			text = strings.ReplaceAll(text, s.Reveal(), redacted)
		}
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if runes := []rune(text); len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return text
}
