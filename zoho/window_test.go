package zoho_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zlock/zoho"
)

func TestParseWindow(t *testing.T) {
	tests := []struct {
		in   string
		want string // "" is refused
	}{
		{"22:00-06:00", "22:00-06:00"},
		{"9:30-17:00", "09:30-17:00"},
		{"00:00-24:00", ""},
		{"18:00-24:00", "18:00-00:00"},
		{"00:00-06:00", "00:00-06:00"},
		{"22:00-22:00", ""},
		{"25:00-06:00", ""},
		{"24:00-06:00", ""},
		{"22:00-24:01", ""},
		{"22:60-06:00", ""},
		{"22-6", ""},
		{"22:00", ""},
		{"22:00-06:00 ", ""},
		{"-22:00-06:00", ""},
		{"", ""},
	}
	for _, tt := range tests {
		w, err := zoho.ParseWindow(tt.in, nil)
		if got := w.String(); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("ParseWindow(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestZeroWindowIsAlwaysOpen(t *testing.T) {
	var w zoho.Window
	now := time.Date(2026, 1, 1, 3, 4, 5, 6, time.UTC)
	if !w.Always() || !w.Open(now) || !w.NextOpen(now).Equal(now) || !w.Closes(now).IsZero() || w.String() != "" || w.Zone() != time.UTC {
		t.Errorf("the zero Window: %+v", w)
	}
}

// What the clock in Berlin shows on the nights when it is changed.
func TestWindowOnNightsOfChange(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	tests := []struct {
		name, window, at, opens, closes string
	}{
		{"an ordinary night", "22:00-06:00", "2026-03-27T12:00:00+01:00", "2026-03-27T22:00:00+01:00", "2026-03-28T06:00:00+01:00"},
		{"the short night", "22:00-06:00", "2026-03-28T12:00:00+01:00", "2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00"},
		{"the long night", "22:00-06:00", "2026-10-24T12:00:00+02:00", "2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00"},
		{"an end that is skipped", "22:00-02:30", "2026-03-28T12:00:00+01:00", "2026-03-28T22:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"a beginning that is skipped", "02:30-06:00", "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T06:00:00+02:00"},
		{"all of it skipped", "02:10-02:50", "2026-03-28T12:00:00+01:00", "2026-03-30T02:10:00+02:00", "2026-03-30T02:50:00+02:00"},
		{"twice in one night", "02:10-02:50", "2026-10-24T12:00:00+02:00", "2026-10-25T02:10:00+02:00", "2026-10-25T02:50:00+02:00"},
		{"for the second time", "02:10-02:50", "2026-10-25T02:50:00+02:00", "2026-10-25T02:10:00+01:00", "2026-10-25T02:50:00+01:00"},
		{"a beginning put back", "02:50-05:00", "2026-10-25T02:50:00+02:00", "2026-10-25T02:50:00+02:00", "2026-10-25T02:00:00+01:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := window(t, tt.window, berlin)
			opens := w.NextOpen(instant(t, tt.at))
			if !opens.Equal(instant(t, tt.opens)) {
				t.Errorf("opens at %s, want %s", opens.In(berlin), tt.opens)
			}
			if closes := w.Closes(opens); !closes.Equal(instant(t, tt.closes)) {
				t.Errorf("closes at %s, want %s", closes.In(berlin), tt.closes)
			}
		})
	}
}

// Every edge of every opening, against a look at the wall clock each minute.
func TestWindowAgainstScan(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns",
		"America/Santiago", "America/Havana", "America/Nuuk", "Africa/Casablanca", "Africa/Cairo", "Asia/Gaza",
		"Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Australia/Sydney",
		"Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati", "Antarctica/Troll",
	}
	from, to := 2024, 2027
	windows := []string{"22:00-06:00", "02:10-02:50", "23:45-00:15", "01:30-03:00"}
	if tier := os.Getenv("ZLOCK_TIER"); tier == "full" || tier == "soak" {
		zones, from, to, windows = allZones(t), 2020, 2038, windows[:1]
	}
	for _, name := range zones {
		location := zone(t, name)
		begin, end := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC)
		walls := scan(location, begin, end)
		for _, text := range windows {
			if w := window(t, text, location); !sameEdges(t, w, walls, begin, end) {
				t.Errorf("%s, %s", name, text)
			}
		}
	}
}

// scan is the minute of the day that the wall clock shows at each minute. The offset is looked up each
// minute of an hour in which it changes, and once for any other.
func scan(location *time.Location, begin, end time.Time) []uint16 {
	offset := func(t time.Time) int64 {
		_, seconds := t.In(location).Zone()
		return int64(seconds)
	}
	walls := make([]uint16, 0, int(end.Sub(begin)/time.Minute))
	before := offset(begin)
	for hour := begin; hour.Before(end); hour = hour.Add(time.Hour) {
		after := offset(hour.Add(time.Hour))
		for minute := range 60 {
			at, now := hour.Unix()+int64(minute)*60, before
			if before != after {
				now = offset(time.Unix(at, 0))
			}
			walls = append(walls, uint16((at+now)/60%1440))
		}
		before = after
	}
	return walls
}

// sameEdges goes from opening to opening as the window tells them, and looks at every minute between.
func sameEdges(t *testing.T, w zoho.Window, walls []uint16, begin, end time.Time) bool {
	t.Helper()
	limits := strings.Split(w.String(), "-")
	first, last := minuteOf(t, limits[0]), minuteOf(t, limits[1])
	inside := func(wall uint16) bool {
		if first < last {
			return first <= wall && wall < last
		}
		return wall >= first || wall < last
	}
	for at := begin; at.Before(end); {
		open, next := w.Open(at), time.Time{}
		if open {
			next = w.Closes(at)
		} else {
			next = w.NextOpen(at)
		}
		if !next.After(at) || next.Second() != 0 {
			t.Errorf("from %s on the next edge is %s", at, next)
			return false
		}
		from, to := int(at.Sub(begin)/time.Minute), min(int(next.Sub(begin)/time.Minute), len(walls))
		for i, wall := range walls[from:to] {
			if inside(wall) != open {
				t.Errorf("open is %v at %s, where the clock shows %02d:%02d", open, at.Add(time.Duration(i)*time.Minute), wall/60, wall%60)
				return false
			}
		}
		if to < len(walls) && inside(walls[to]) == open {
			t.Errorf("an edge at %s, where there is none", next)
			return false
		}
		at = next
	}
	return true
}

func minuteOf(t *testing.T, clock string) uint16 {
	t.Helper()
	at, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(at.Hour()*60 + at.Minute())
}

// allZones are the names in the zone database that comes with Go.
func allZones(t *testing.T) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("where Go is installed is not known: %v", err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Skipf("no zone database: %v", err)
	}
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	if len(names) < 500 {
		t.Fatalf("only %d zones", len(names))
	}
	return names
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func window(t *testing.T, text string, zone *time.Location) zoho.Window {
	t.Helper()
	w, err := zoho.ParseWindow(text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func BenchmarkWindow(b *testing.B) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	w, err := zoho.ParseWindow("22:00-06:00", berlin)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
	for b.Loop() {
		if w.Open(at) {
			w.Closes(at)
		}
	}
}
