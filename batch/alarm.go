package batch

import "time"

// untilTimer is a timer for the end of the time that the run has; it never fires where there is none.
func (k *keeper) untilTimer() *time.Timer {
	if k.r.options.Until.IsZero() {
		return stopped()
	}
	return time.NewTimer(time.Until(k.r.options.Until))
}

// stopped is a timer that does not fire until it is set.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// set has the alarm go off for the next job, or outcome, that waits; it stops it where none does.
func (k *keeper) set(alarm *time.Timer) {
	now := time.Now()
	at := k.hold
	if len(k.parked) > 0 && k.parked[0].due.After(at) {
		at = k.parked[0].due
	}
	switch {
	case !k.gathered.IsZero():
		alarm.Reset(k.gathered.Sub(now))
	case len(k.parked) == 0 && !now.Before(k.hold): // a worker's note is what comes next
		alarm.Stop()
	default:
		alarm.Reset(max(at.Sub(now), time.Millisecond))
	}
}
