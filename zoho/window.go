package zoho

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Window is a span of every day in which calls may start, by the wall clock of a zone: from its first
// minute on, and up to but not including its last. A wall clock that is put back passes some minutes
// twice, and the window is open both times; minutes that it skips are not there to be used. The zero
// Window is always open.
type Window struct {
	from, to int // seconds after midnight; the same where the window is always open
	zone     *time.Location
}

const daySeconds = 24 * 60 * 60

var windowPattern = regexp.MustCompile(`^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$`)

// ParseWindow reads a Window such as "22:00-06:00" (over midnight) or "09:30-17:00", in a zone; nil is
// UTC. 24:00 is midnight at the end of a day.
func ParseWindow(text string, zone *time.Location) (Window, error) {
	parts := windowPattern.FindStringSubmatch(text)
	if parts == nil {
		return Window{}, errors.New("a window is two times of day, such as 22:00-06:00")
	}
	from, ok := secondsOf(parts[1], parts[2], 23)
	if !ok {
		return Window{}, fmt.Errorf("there is no time of day %s:%s", parts[1], parts[2])
	}
	to, ok := secondsOf(parts[3], parts[4], 24)
	if !ok {
		return Window{}, fmt.Errorf("there is no time of day %s:%s", parts[3], parts[4])
	}
	if to %= daySeconds; from == to {
		return Window{}, errors.New("a window begins and ends at different times; without one calls start at any time")
	}
	if zone == nil {
		zone = time.UTC
	}
	return Window{from, to, zone}, nil
}

// secondsOf reads a time of day up to latest:59, or 24:00 where latest is 24.
func secondsOf(hour, minute string, latest int) (int, bool) {
	h, _ := strconv.Atoi(hour) // one or two digits, each
	m, _ := strconv.Atoi(minute)
	return (h*60 + m) * 60, h <= latest && m < 60 && (h < 24 || m == 0)
}

// Always reports whether the window is always open.
func (w Window) Always() bool { return w.from == w.to }

// Zone returns the zone whose clock the window goes by; UTC for the zero Window.
func (w Window) Zone() *time.Location {
	if w.zone == nil {
		return time.UTC
	}
	return w.zone
}

// String returns the window as ParseWindow reads it; "" for one that is always open.
func (w Window) String() string {
	if w.Always() {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", w.from/3600, w.from/60%60, w.to/3600, w.to/60%60)
}

// Open reports whether a call may start at t.
func (w Window) Open(t time.Time) bool {
	if w.Always() {
		return true
	}
	return w.holds(wallSeconds(t, offsetAt(t, w.zone)))
}

// NextOpen returns the first time from t on at which the window is open: t itself where it is.
func (w Window) NextOpen(t time.Time) time.Time {
	if w.Always() {
		return t
	}
	return w.next(t, w.from, true)
}

// Closes returns the first time from t on at which the window is not open: t itself where it is not,
// the zero Time where it always is.
func (w Window) Closes(t time.Time) time.Time {
	if w.Always() {
		return time.Time{}
	}
	return w.next(t, w.to, false)
}

// next returns the first time from t on at which the window is as wanted, which by the wall clock it
// becomes at edge. Between two changes of the zone's offset the wall clock runs evenly, so that it can
// be reckoned with; at each change the question is asked anew.
func (w Window) next(t time.Time, edge int, wanted bool) time.Time {
	for {
		if w.Open(t) == wanted {
			return t
		}
		wall := wallSeconds(t, offsetAt(t, w.zone))
		ahead := time.Duration((edge-wall+daySeconds)%daySeconds) * time.Second
		at := t.Add(ahead - time.Duration(t.Nanosecond()))
		_, end := t.In(w.zone).ZoneBounds()
		if end.IsZero() || at.Before(end) {
			return at
		}
		t = end.In(t.Location())
	}
}

// holds reports whether a time of day lies in the window.
func (w Window) holds(wall int) bool {
	if w.from < w.to {
		return w.from <= wall && wall < w.to
	}
	return wall >= w.from || wall < w.to
}

func offsetAt(t time.Time, zone *time.Location) int {
	_, offset := t.In(zone).Zone()
	return offset
}

// wallSeconds is the time of day that a clock shows at t, in whole seconds after midnight.
func wallSeconds(t time.Time, offset int) int {
	wall := (t.Unix() + int64(offset)) % daySeconds
	return int((wall + daySeconds) % daySeconds)
}
