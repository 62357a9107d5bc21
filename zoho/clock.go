package zoho

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	clockSamples = 20               // answers that the offset is the median of
	clockSpread  = 30 * time.Second // samples further apart than this say nothing
	clockRound   = 5 * time.Second  // an answer that took longer says too little of when its date was written
)

// clock learns how far Zoho's clock is from ours, from the Date headers of answers.
type clock struct {
	mu      sync.Mutex
	offsets []time.Duration // the last clockSamples, oldest first
	text    string          // the last Date, which is that of every answer within its second
	date    time.Time       // what it says
}

// learn takes a sample. A Date header is cut to its second, so half a second is added; it was written
// somewhere between sending and receiving, so the middle of the two is taken for our time.
func (c *clock) learn(h http.Header, sent, received time.Time) {
	text := h.Get("Date")
	if text == "" || sent.IsZero() || received.Sub(sent) > clockRound {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if text != c.text {
		date, err := http.ParseTime(text)
		if err != nil {
			return
		}
		c.text, c.date = text, date
	}
	ours := sent.Add(received.Sub(sent) / 2).Round(0)
	offset := c.date.Add(500 * time.Millisecond).Sub(ours)
	if len(c.offsets) == clockSamples {
		c.offsets = slices.Delete(c.offsets, 0, 1)
	}
	c.offsets = append(c.offsets, offset)
}

func (c *clock) offset() (time.Duration, bool) {
	c.mu.Lock()
	sorted := slices.Sorted(slices.Values(c.offsets))
	c.mu.Unlock()
	if len(sorted) == 0 || sorted[len(sorted)-1]-sorted[0] > clockSpread {
		return 0, false
	}
	return sorted[len(sorted)/2], true
}
