package zoho_test

import (
	"testing"
	"time"

	"zlock/zoho"
)

// FuzzWindow reads any text as a window and, where it is one, holds what it says of a night anywhere
// against a look at the wall clock, minute by minute.
func FuzzWindow(f *testing.F) {
	for _, text := range []string{"22:00-06:00", "02:10-02:50", "00:00-24:00", "9:30-17:00", "18:00-24:00", "25:00-06:00", "22-6", "22:00-22:00", "٢٢:00-06:00", "", "-"} {
		f.Add(text, "Europe/Berlin", int64(1774738800)) // the night before 29 March 2026
		f.Add(text, "Australia/Lord_Howe", int64(1775296800))
	}
	f.Add("23:59-00:01", "America/St_Johns", int64(-1))
	f.Add("00:00-00:01", "../../etc/passwd", int64(1)<<40)
	f.Fuzz(func(t *testing.T, text, zoneName string, at int64) {
		location, err := time.LoadLocation(zoneName)
		if err != nil || zoneName == "Local" {
			return
		}
		w, err := zoho.ParseWindow(text, location)
		if err != nil {
			if !w.Always() {
				t.Errorf("%q: refused, and a window all the same", text)
			}
			return
		}
		if again, err := zoho.ParseWindow(w.String(), location); err != nil || again != w {
			t.Fatalf("%q is %q, which is read as %q (%v)", text, w, again, err)
		}
		checkHours(t, w, location, time.Unix((at%4e9)/60*60, 0)) // 1843 to 2096, at a full minute
	})
}

// checkHours looks at each minute of thirty hours. Seconds are left out: before 1930 some clocks were
// not put on full minutes.
func checkHours(t *testing.T, w zoho.Window, location *time.Location, from time.Time) {
	t.Helper()
	if from.Year() < 1972 {
		from = from.AddDate(150, 0, 0)
	}
	first, last := minuteOf(t, w.String()[:5]), minuteOf(t, w.String()[6:])
	open := func(at time.Time) bool {
		local := at.In(location)
		wall := uint16(local.Hour()*60 + local.Minute())
		if first < last {
			return first <= wall && wall < last
		}
		return wall >= first || wall < last
	}
	next := w.NextOpen(from)
	if next.Before(from) || !w.Open(next) {
		t.Errorf("%q in %v: after %v open at %v, where it is open: %v", w, location, from, next, w.Open(next))
	}
	closes := w.Closes(next)
	if !closes.After(next) || w.Open(closes) {
		t.Errorf("%q in %v: opens at %v, closes at %v, where it is open: %v", w, location, next, closes, w.Open(closes))
	}
	for minute := range 30 * 60 {
		at := from.Add(time.Duration(minute) * time.Minute)
		got := w.Open(at)
		if want := open(at); got != want {
			t.Fatalf("%q in %v: open at %v: %v, want %v", w, location, at, got, want)
		}
		switch {
		case at.Before(next) && got, !at.Before(next) && at.Before(closes) && !got:
			t.Fatalf("%q in %v: from %v on it opens at %v and closes at %v, and at %v it is open: %v", w, location, from, next, closes, at, got)
		}
	}
}
