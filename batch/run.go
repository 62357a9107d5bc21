package batch

import "time"

// State is where a run stands.
type State string

// The states of a run.
const (
	Enrolled    State = "enrolled"    // every row is stored, none dealt yet
	Running     State = "running"     // a live process works on it
	Paused      State = "paused"      // stopped by budget, window, limit, breaker, or for a person to act
	Interrupted State = "interrupted" // stopped by a signal, or its owner died
	Completed   State = "completed"   // no row is pending or unknown
)

// StopCause says what ended a sitting before its rows were done; "" when nothing did.
type StopCause string

// The causes, as status prints them.
const (
	StopSignal        StopCause = "signal"
	StopKilled        StopCause = "killed"
	StopBudget        StopCause = "budget"
	StopWindow        StopCause = "window"
	StopLimit         StopCause = "limit"
	StopDuration      StopCause = "duration"
	StopBreaker       StopCause = "breaker"
	StopOutage        StopCause = "outage"
	StopAuth          StopCause = "auth"
	StopConfiguration StopCause = "configuration"
	StopAttempts      StopCause = "attempts"
	StopError         StopCause = "error"
)

// Run is one execution of one job file's rows against one org.
type Run struct {
	ID        string            // YYYYMMDD-HHMMSS-xxxx
	Org       string            // key of the org: hosts and client, or the simulated org's own
	Profile   string            // the profile it was started under
	JobFile   string            // as named on the command line; "-" for standard input
	SHA256    string            // of the job file's bytes, hex
	Size      int64             // bytes of the job file
	Identity  string            // hash over org, content and the options that give rows their meaning
	Format    string            // "csv" or "jsonl"
	Header    []string          // the job file's own columns, in order, then columns that flags added
	Settings  map[string]string // the flags it was started with, by name: resume inherits them
	Simulated bool
	Forecast  int // credits the rows will cost, at least
	CreatedAt time.Time

	// Kept up to date by the checkpoint.
	State     State
	StoppedBy StopCause
	Counts    map[Outcome]int64 // every outcome present
	Total     int64
	Calls     int64
	Credits   int64
	StartedAt time.Time // zero until begun
	UpdatedAt time.Time
	EndedAt   time.Time     // zero while it goes on
	Worked    time.Duration // time spent working, over all sittings
	Owner     string        // "pid 123 on host" while a process works on it
}

// Open reports how many rows still have something to do.
func (r Run) Open() int64 {
	return r.Counts[Pending] + r.Counts[Sending] + r.Counts[Unknown]
}
