package cli

import (
	"time"

	"zlock/zoho"
)

// zone reads the zone whose clock a window, a deadline and the times we tell go by: def unless
// somebody says otherwise.
func (p *parser) zone(name string, def *time.Location) *time.Location {
	got := p.values[name].text
	if got == "" {
		return def
	}
	zone, err := time.LoadLocation(got)
	if err != nil {
		p.refuse(name, "a zone of the tz database, such as Europe/Berlin or UTC")
		return def
	}
	return zone
}

// window reads hours of the day; the zero Window where nobody gave any, or where none are to bound a run
// that was started with some.
func (p *parser) window(name string, zone *time.Location) zoho.Window {
	got := p.values[name].text
	if got == "" || got == "none" {
		return zoho.Window{}
	}
	w, err := zoho.ParseWindow(got, zone)
	if err != nil {
		p.refuse(name, "the hours in which calls may start, such as 22:00-06:00, or none ("+err.Error()+")")
	}
	return w
}
