package sim

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// hugeBody is how much white space HugeBody puts before an answer, in bytes.
const hugeBody = 16 << 20

// delivery is the manner in which an answer is brought.
type delivery struct {
	cut  bool          // not at all: the connection is cut
	hang bool          // not at all: the caller waits
	half bool          // half of the body, then the connection is cut
	huge bool          // after a flood of white space
	slow time.Duration // this much later
	drip time.Duration // a byte at a time, with this between them
}

// desk is where one call is answered.
type desk struct {
	o       *Org
	w       http.ResponseWriter
	r       *http.Request
	release func() // gives the call's place back; done before the last byte leaves
}

// deliver brings the answer to the caller as its delivery says.
func (d *desk) deliver(a answer) {
	if a.bring.hang {
		d.wait()
	}
	d.head(a)
	if a.bring.huge {
		d.flood(a)
		return
	}
	if a.status != http.StatusNoContent {
		d.w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	switch {
	case a.bring.half:
		d.w.WriteHeader(a.status)
		d.write(a.body[:len(a.body)/2])
		d.flush()
		panic(http.ErrAbortHandler)
	case a.bring.drip > 0:
		d.w.WriteHeader(a.status)
		d.dripFeed(a.body, a.bring.drip)
	default:
		d.release()
		d.w.WriteHeader(a.status)
		d.write(a.body)
	}
}

// wait keeps the caller waiting until it leaves or the organisation closes.
func (d *desk) wait() {
	select {
	case <-d.r.Context().Done():
	case <-d.o.done:
	}
	panic(http.ErrAbortHandler)
}

func (d *desk) head(a answer) {
	h := d.w.Header()
	h.Set("Date", d.o.now().UTC().Format(http.TimeFormat))
	h.Set("Server", "ZGS")
	switch {
	case a.html:
		h.Set("Content-Type", "text/html;charset=utf-8")
	case len(a.body) > 0:
		h.Set("Content-Type", "application/json;charset=utf-8")
		h.Set("Content-Disposition", "attachment; filename=response.json")
	}
	for name, v := range a.header {
		h.Set(name, v)
	}
	if strings.HasPrefix(d.r.URL.Path, "/crm/") && !a.html {
		d.o.creditHeader(h)
	}
}

// write sends b; a caller that has left is not our concern.
func (d *desk) write(b []byte) { _, _ = d.w.Write(b) }

func (d *desk) flush() { _ = http.NewResponseController(d.w).Flush() }

// dripFeed sends the body a byte at a time; a caller that has had enough ends it.
func (d *desk) dripFeed(body []byte, every time.Duration) {
	for i := range body {
		if i > 0 {
			d.tick(every)
		}
		if i == len(body)-1 {
			d.release()
		}
		d.write(body[i : i+1])
		d.flush()
	}
}

// tick waits for a moment, unless the caller leaves or the organisation closes.
func (d *desk) tick(moment time.Duration) {
	t := time.NewTimer(moment)
	defer t.Stop()
	select {
	case <-t.C:
		return
	case <-d.r.Context().Done():
	case <-d.o.done:
	}
	panic(http.ErrAbortHandler)
}

// flood sends white space, which JSON allows anywhere, and then the answer.
func (d *desk) flood(a answer) {
	var out io.Writer = d.w
	if strings.Contains(d.r.Header.Get("Accept-Encoding"), "gzip") {
		d.w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(d.w)
		defer z.Close()
		out = z
	}
	d.w.WriteHeader(a.status)
	block := []byte(strings.Repeat(" ", 64<<10))
	for range hugeBody / len(block) {
		if _, err := out.Write(block); err != nil {
			return
		}
	}
	d.release()
	_, _ = out.Write(a.body)
}
