// Package proof judges zlock from outside: it compares what a far end saw with what the checkpoint
// holds and with what was told to people, and says which promise was broken. Nothing imports it.
package proof

import (
	"fmt"
	"slices"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// History is everything that is known of one run, from its enrolment to its end. What a test does
// not know it leaves out: the invariants that need it then hold.
type History struct {
	Events  []sim.Event  // the far end's log, whole and in order
	Me      string       // user id of the one who calls
	Initial []sim.Record // records that were locked at the start: see Before

	Run       batch.Run
	Rows      []checkpoint.RowReport
	Attempts  map[int64][]batch.Attempt // by row; nil: not known
	Intents   []Intent                  // in the order in which they became durable; nil: not known
	Snapshots []Snapshot                // oldest first
	Ledger    int64                     // credits that the org's ledger holds for this run alone; 0: not known
	Exits     []int                     // exit codes of the sittings that ended by themselves, oldest first

	Secrets   []string          // what must stand in no artefact
	Artefacts map[string][]byte // by name: streams, files, the checkpoint itself

	Options
}

// Options are the terms under which the run was worked.
type Options struct {
	Cap      int           // calls in flight at once, at most; 0: not known
	Sends    int           // sends per row and sitting, at most (--attempts); 0: not known
	Sittings int           // that worked on the run; 0 is 1
	Crashed  bool          // some sitting did not end by itself: the ledger may have booked too much
	Open     bool          // the run was not carried to its end
	Retried  bool          // rows that had failed were tried again
	AnyOwner bool          // unlocks may take away other users' locks
	OnLocked string        // batch.OnLockedSkip unless said otherwise
	Settle   time.Duration // before it "it did not happen" may not be believed; 0: not known
	Slack    time.Duration // between a call's leaving and its being carried out, at most; 0 is 100 ms
	Skew     time.Duration // how far the far end's clock is ahead
}

// Intent is what was durable about a change before it left.
type Intent struct {
	Row    int64
	LockID string
	After  int64 // events that the far end had logged when it became durable
}

// Snapshot is what was told of the rows at one moment.
type Snapshot struct {
	Name   string
	Events int64 // that the far end had logged when the snapshot was complete
	Killed bool  // taken after a kill, before anything else worked on the run
	Rows   []Told
}

// Told is one row as it was printed.
type Told struct {
	Line     int
	Outcome  batch.Outcome
	Code     string
	LockID   string
	Attempts int
	Credits  int
}

// Violation is a promise that was broken.
type Violation struct {
	ID       string // of the invariant: I1 to I12, P9 to P15
	Row      int64  // 0: of no one row
	Sentence string
}

func (v Violation) String() string {
	if v.Row == 0 {
		return v.ID + ": " + v.Sentence
	}
	return fmt.Sprintf("%s: row %d: %s", v.ID, v.Row, v.Sentence)
}

// invariant is one thing that must hold of every history.
type invariant struct {
	id    string
	holds string // what must hold, for people
	check func(*story, func(row int64, format string, args ...any))
}

// invariants is the table of what must hold. I11, the window, comes with windows.
var invariants = []invariant{
	{"I0", "the log is whole, and tells of this run alone", (*story).whole},
	{"I1", "what was told stays told", (*story).toldStays},
	{"I2", "nothing is changed without an earlier intent that is durable", (*story).intended},
	{"I3", "a row is changed once at most, and sent no oftener than allowed", (*story).once},
	{"I4", "a change is claimed if and only if it was made", (*story).claimed},
	{"I5", "what is reported as not done was not done, nor will be", (*story).undone},
	{"I6", "no lock is touched but the one recorded", (*story).locksTouched},
	{"I7", "calls in flight stay under the cap", (*story).inFlight},
	{"I8", "calls on the wire stay within the credits booked", (*story).paid},
	{"I9", "states add up", (*story).addsUp},
	{"I10", "no secret stands in an artefact", (*story).secrets},
	{"I12", "the final state is the one that the rows report", (*story).finalState},
	{"P5", "a row that was final is left alone", (*story).finalRests},
	{"P9", "what is called already so was so", (*story).already},
	{"P10", "a change whose answer is open is not sent again before it may be believed", (*story).patience},
	{"P12", "the exit code is 0 only if every row is as asked", (*story).exits},
	{"P15", "a throttled call uses up no attempt and fails no row", (*story).throttled},
}

// Check returns the promises that the history breaks; none when all hold.
func Check(h History) []Violation {
	s := newStory(h)
	var found []Violation
	for _, i := range invariants {
		i.check(s, func(row int64, format string, args ...any) {
			found = append(found, Violation{ID: i.id, Row: row, Sentence: fmt.Sprintf(format, args...) + "; but " + i.holds})
		})
	}
	return found
}

// Before returns the locks of an org, to be kept as History.Initial before anything calls it.
func Before(o *sim.Org) []sim.Record { return slices.Collect(o.Locks()) }

// Invariants returns the ids of what Check looks at.
func Invariants() []string {
	var ids []string
	for _, i := range invariants {
		ids = append(ids, i.id)
	}
	return ids
}
