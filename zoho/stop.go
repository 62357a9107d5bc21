package zoho

import "time"

// The causes of a StopError.
const (
	CauseBudget = "budget" // credits: ours for this invocation, for 24 hours, or Zoho's own
	CauseWindow = "window" // outside of LimiterConfig.Window, or too close to its end
	CauseOutage = "outage" // Zoho has not answered for MaxOutage
	CauseEnded  = "ended"  // the caller wants no more calls: see Limiter.Stop
)

// StopError says that the Limiter lets no call leave: waiting here would be long, or in vain. The
// call it is returned for was not made.
type StopError struct {
	Cause  string    // CauseBudget, CauseWindow, CauseOutage or CauseEnded
	Until  time.Time // when enough credits come back, or the window opens; zero when not known
	Rolls  bool      // of CauseBudget: the credits are the org's of 24 hours, and come back by themselves
	Reason string    // a clause with the numbers
}

// Error returns a sentence that says what ended and when it makes sense to go on.
func (e *StopError) Error() string {
	text := "call to Zoho not made: " + e.Reason
	switch {
	case e.Cause == CauseWindow:
		text += "; it opens at " + e.Until.UTC().Format("2006-01-02 15:04:05 UTC")
	case !e.Until.IsZero():
		text += "; credits come back at " + e.Until.UTC().Format("2006-01-02 15:04:05 UTC")
	case e.Cause == CauseOutage:
		text += "; go on when Zoho answers again"
	}
	return text
}

// Stop lets no further call leave: whoever waits now, and whoever asks later, gets a StopError of
// CauseEnded. Calls in flight are not touched.
func (l *Limiter) Stop() {
	l.mu.Lock()
	defer l.unlock()
	l.halt(&StopError{Cause: CauseEnded, Reason: "the run is being stopped"})
	l.pump(time.Now())
}
