package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"

	"zlock/batch"
	"zlock/internal/plain"
)

// document is what status --json prints and run --json ends with. Its names are fixed.
type document struct {
	Run           string     `json:"run"`
	State         string     `json:"state"`
	JobFile       string     `json:"job_file"`
	SHA256        string     `json:"sha256"`
	Profile       string     `json:"profile"`
	Rows          rowCounts  `json:"rows"`
	Credits       creditPair `json:"credits"`
	Calls         int64      `json:"calls"`
	StartedAt     *time.Time `json:"started_at"`
	UpdatedAt     *time.Time `json:"updated_at"`
	EndedAt       *time.Time `json:"ended_at"`
	RowsPerSecond *float64   `json:"rows_per_second"`
	ETA           *time.Time `json:"eta"`
	StoppedBy     *string    `json:"stopped_by"`
	Ticket        string     `json:"ticket,omitempty"`
}

type creditPair struct {
	Used     int64 `json:"used"`
	Forecast int64 `json:"forecast"`
}

// rowCounts is the number of rows by outcome, every outcome present.
type rowCounts struct {
	total  int64
	counts map[batch.Outcome]int64
}

// MarshalJSON writes the total and then the outcomes in the order in which people see them.
func (c rowCounts) MarshalJSON() ([]byte, error) {
	out := []byte(`{"total":` + strconv.FormatInt(c.total, 10))
	for _, o := range batch.Outcomes() {
		out = fmt.Appendf(out, `,"%s":%d`, o, c.counts[o])
	}
	return append(out, '}'), nil
}

func newDocument(r batch.Run, now time.Time) document {
	d := document{
		Run: r.ID, State: string(r.State), JobFile: r.JobFile, SHA256: r.SHA256, Profile: r.Profile,
		Rows: rowCounts{r.Total, r.Counts}, Credits: creditPair{r.Credits, int64(r.Forecast)}, Calls: r.Calls, Ticket: r.Settings[keyTicket],
		StartedAt: instant(r.StartedAt), UpdatedAt: instant(r.UpdatedAt), EndedAt: instant(r.EndedAt),
	}
	if perSecond := speed(r); perSecond > 0 {
		d.RowsPerSecond = &perSecond
		if left := r.Open(); r.State == batch.Running && left > 0 {
			d.ETA = instant(now.Add(time.Duration(float64(left) / perSecond * float64(time.Second))).Round(time.Second))
		}
	}
	d.StoppedBy = told(string(r.StoppedBy))
	return d
}

// speed is rows carried out per second of work; 0 when not known.
func speed(r batch.Run) float64 {
	done := r.Total - r.Open() - r.Counts[batch.Invalid] - r.Counts[batch.Duplicate]
	if r.Worked <= 0 || done <= 0 {
		return 0
	}
	perSecond := float64(done) / r.Worked.Seconds()
	return float64(int64(perSecond*1000+0.5)) / 1000
}

// instant is a time as machines read it; nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// writeJSON writes v as one line of JSON.
func writeJSON(w io.Writer, v any) error {
	data, err := encodeJSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// encodeJSON is json.Marshal that leaves < > & alone and spells out what could steer a terminal.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return escapeControls(bytes.TrimRight(b.Bytes(), "\n")), nil
}

// escapeControls writes control and format characters of a JSON text as \u escapes. They can
// stand only within its strings, so that the text means the same.
func escapeControls(text []byte) []byte {
	unsafe := func(r rune) bool { return r >= 0x7f && plain.Unsafe(r) }
	if bytes.IndexFunc(text, unsafe) < 0 {
		return text
	}
	var out []byte
	for _, r := range string(text) {
		switch {
		case !unsafe(r):
			out = append(out, string(r)...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
