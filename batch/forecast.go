package batch

import (
	"time"

	"zlock/zoho"
)

// Terms are what a Forecast is made under.
type Terms struct {
	Start       time.Time
	Concurrency int           // calls in flight at once
	Latency     time.Duration // of one call
	Rate        float64       // calls started per second, at most; 0 = no limit
	Window      zoho.Window
	Allowance   int          // credits in any rolling 24 h; 0 = no limit
	Keep        int          // the last of them, kept for reading back
	Spent       []zoho.Spend // of the last 24 h
	MaxCredits  int          // of this invocation; 0 = no limit
	Limit       int64        // rows of this invocation; 0 = no limit
	Until       time.Time    // when this invocation ends; zero = never
}

// Forecast says when which rows will be carried out. It goes on wherever waiting helps; StoppedBy tells
// what ends the invocation before its rows are done.
type Forecast struct {
	Working   time.Duration // time with calls in flight
	Begins    time.Time     // the first call; zero for none
	Ends      time.Time     // the end of the last call
	Rows      int64         // done by then, of those that will be sent
	Credits   int64         // spent by then
	Left      int64         // rows not done by then
	StoppedBy StopCause     // "", StopBudget, StopLimit or StopDuration
	Stretches []Stretch     // in order; none is longer than a quarter of an hour
}

// Stretch is a span with calls in flight.
type Stretch struct {
	From, To    time.Time
	First, Last int64 // the rows done in it, by Seq; 0 for none
	Rows        int64
	Credits     int64
}

const (
	forecastStep    = 5 * time.Minute // the limiter's own measure of a credit's age
	forecastStretch = 15 * time.Minute
	forecastHorizon = 10 * 365 * 24 * time.Hour
)

// forecaster works a Forecast out, step by step.
type forecaster struct {
	Forecast
	terms   Terms
	rows    *costList
	prices  Prices
	account *zoho.Account
	now     time.Time
	left    int64   // credits still to spend
	next    int     // the row that is worked now
	paid    int64   // for it
	carry   float64 // of a call, from the step before
}

// Forecast works out when the rows will be carried out, if nothing goes wrong.
func (c *Costs) Forecast(t Terms) Forecast {
	t.Start, t.Latency, t.Concurrency = t.Start.Round(0), max(t.Latency, time.Millisecond), max(t.Concurrency, 1)
	f := &forecaster{terms: t, rows: &c.rows, prices: c.prices, now: t.Start}
	f.account = zoho.NewAccount(zoho.LimiterConfig{
		MaxCredits: t.MaxCredits, Allowance: t.Allowance, KeepForReads: t.Keep, Spent: t.Spent,
	}, t.Start)
	f.count()
	for f.left > 0 && f.StoppedBy == "" {
		f.step()
	}
	if f.StoppedBy == "" && f.Left > 0 {
		f.StoppedBy = StopLimit
	}
	f.Ends = t.Start
	if n := len(f.Stretches); n > 0 {
		f.Begins, f.Ends = f.Stretches[0].From, f.Stretches[n-1].To
	}
	return f.Forecast
}

// count adds up the rows, and what those cost that --limit lets through.
func (f *forecaster) count() {
	for k := range f.rows.all() {
		if k == costNothing {
			continue
		}
		if f.terms.Limit == 0 || f.Left < f.terms.Limit {
			f.left += f.prices.expected(k)
		}
		f.Left++
	}
}

// step goes on to the end of a step of five minutes, or to whatever changes things sooner.
func (f *forecaster) step() {
	w := f.terms.Window
	stop := f.account.Refusal(f.now)
	switch until := f.terms.Until; {
	case !until.IsZero() && !f.now.Before(until), f.now.Sub(f.terms.Start) > forecastHorizon:
		f.StoppedBy = StopDuration
		return
	case !w.Open(f.now):
		f.skip(w.NextOpen(f.now))
		return
	case stop != nil && (!stop.Rolls || stop.Until.IsZero()):
		f.StoppedBy = StopBudget
		return
	case stop != nil:
		f.skip(stop.Until)
		return
	}
	end := f.now.Truncate(forecastStep).Add(forecastStep)
	if closes := w.Closes(f.now); !closes.IsZero() {
		drains := closes.Add(-f.terms.Latency - time.Second)
		if !drains.After(f.now) {
			f.skip(closes)
			return
		}
		end = earliest(end, drains)
	}
	if !f.terms.Until.IsZero() {
		end = earliest(end, f.terms.Until)
	}
	f.workUntil(end)
}

// skip lets time pass without calls.
func (f *forecaster) skip(to time.Time) {
	f.carry = 0
	if !to.After(f.now) {
		to = f.now.Add(time.Second)
	}
	f.now = to
}

// workUntil makes the calls that fit into a time, into the credits, and that the rows need.
func (f *forecaster) workUntil(end time.Time) {
	perSecond := float64(f.terms.Concurrency) / f.terms.Latency.Seconds()
	if f.terms.Rate > 0 {
		perSecond = min(perSecond, f.terms.Rate)
	}
	fit := f.carry + perSecond*end.Sub(f.now).Seconds()
	whole := int64(fit + 1e-6)
	calls := min(whole, int64(f.account.Left(f.now)), f.left)
	s := Stretch{From: f.now, To: end, Credits: calls}
	took := (float64(calls) - f.carry) / perSecond
	f.carry = max(fit-float64(calls), 0)
	if calls < whole || calls == f.left {
		f.carry = 0
		s.To = earliest(end, f.now.Add(time.Duration(took*float64(time.Second))))
	}
	f.account.Spend(f.now, int(calls))
	f.now = s.To
	f.Working += s.To.Sub(s.From)
	f.pay(&s)
	f.keep(s)
}

// pay spends the stretch's credits on the rows, in file order.
func (f *forecaster) pay(s *Stretch) {
	f.left -= s.Credits
	f.Credits += s.Credits
	for purse := s.Credits; f.next < f.rows.n; f.next++ {
		price := f.prices.expected(f.rows.at(f.next))
		if price == 0 {
			continue
		}
		part := min(purse, price-f.paid)
		purse, f.paid = purse-part, f.paid+part
		if f.paid < price {
			return
		}
		f.paid = 0
		f.Rows++
		f.Left--
		s.Rows++
		s.Last = int64(f.next) + 1
		if s.First == 0 {
			s.First = s.Last
		}
	}
}

// keep adds a stretch to the one before where they are of one piece.
func (f *forecaster) keep(s Stretch) {
	n := len(f.Stretches)
	if n == 0 || !f.Stretches[n-1].To.Equal(s.From) || !s.From.Truncate(forecastStretch).Equal(f.Stretches[n-1].From.Truncate(forecastStretch)) {
		f.Stretches = append(f.Stretches, s)
		return
	}
	last := &f.Stretches[n-1]
	last.To = s.To
	last.Rows += s.Rows
	last.Credits += s.Credits
	if last.First == 0 {
		last.First = s.First
	}
	if s.Last != 0 {
		last.Last = s.Last
	}
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
