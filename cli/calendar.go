package cli

import (
	"strings"
	"time"

	"zlock/batch"
)

// planDay is what will be done on one day of the calendar.
type planDay struct {
	Date     string     `json:"date"` // in the zone of --tz
	From     time.Time  `json:"from"` // the first call
	To       time.Time  `json:"to"`
	FirstRow int64      `json:"first_row"` // by place in the file, from 1; 0 where no row is finished
	LastRow  int64      `json:"last_row"`
	Rows     int64      `json:"rows"` // finished on that day
	Credits  int64      `json:"credits"`
	Hours    []planHour `json:"hours"` // those with calls

	strip [24]byte
}

// planHour is what will be done in one hour of a day by the clock.
type planHour struct {
	Hour    string `json:"hour"` // "22:00"
	Rows    int64  `json:"rows"`
	Credits int64  `json:"credits"`
}

// What a day's strip shows for each hour.
const (
	hourBusy    = '#' // calls are made
	hourWaiting = '.' // the window is open, and there are no credits
	hourIdle    = ' ' // before, after, or outside the window
)

// calendar sorts the stretches of a forecast by day and hour in a zone.
func (o *outlook) calendar(zone *time.Location) []planDay {
	days := []planDay{}
	for _, s := range o.forecast.Stretches {
		from := s.From.In(zone)
		date := from.Format("2006-01-02")
		if n := len(days); n == 0 || days[n-1].Date != date {
			days = append(days, planDay{Date: date, From: *instant(from), strip: o.strip(from)})
		}
		days[len(days)-1].add(s, from)
	}
	return days
}

func (d *planDay) add(s batch.Stretch, from time.Time) {
	d.To = *instant(s.To)
	d.Rows += s.Rows
	d.Credits += s.Credits
	if d.FirstRow == 0 {
		d.FirstRow = s.First
	}
	if s.Last != 0 {
		d.LastRow = s.Last
	}
	d.strip[from.Hour()] = hourBusy
	hour := from.Format("15:00")
	if n := len(d.Hours); n == 0 || d.Hours[n-1].Hour != hour {
		d.Hours = append(d.Hours, planHour{Hour: hour})
	}
	last := &d.Hours[len(d.Hours)-1]
	last.Rows += s.Rows
	last.Credits += s.Credits
}

// strip is the day on which at lies, hour by hour, as long as no calls are known of.
func (o *outlook) strip(at time.Time) (strip [24]byte) {
	for hour := range strip {
		strip[hour] = hourIdle
		half := time.Date(at.Year(), at.Month(), at.Day(), hour, 30, 0, 0, at.Location())
		if half.After(o.terms.Start) && half.Before(o.forecast.Ends) && o.terms.Window.Open(half) {
			strip[hour] = hourWaiting
		}
	}
	return strip
}

// daysShown is how many days a screen lists; --json has them all.
const daysShown = 31

// printCalendar draws the days, one a line.
func printCalendar(b *strings.Builder, days []planDay) {
	t := newTable(2, 3)
	t.add("", "0     6     12    18    24", "rows", "credits")
	for i, d := range days {
		if i == daysShown-1 && len(days) > daysShown {
			t.add("and "+number(int64(len(days)-daysShown))+" more days", "", "", "")
			d = days[len(days)-1]
		} else if i >= daysShown {
			break
		}
		day, _ := time.Parse("2006-01-02", d.Date) // written so above
		t.add(day.Format("Mon 2006-01-02"), "|"+string(d.strip[:])+"|", rowRange(d), number(d.Credits))
	}
	t.print(b, "  ")
}

func rowRange(d planDay) string {
	switch {
	case d.FirstRow == 0:
		return "-"
	case d.FirstRow == d.LastRow:
		return number(d.FirstRow)
	}
	return number(d.FirstRow) + "-" + number(d.LastRow)
}
