package batch

import "time"

// Action is what a job file asks of one record.
type Action string

// The actions of a job file.
const (
	ActionLock         Action = "lock"
	ActionUnlock       Action = "unlock"
	ActionUpdateReason Action = "update_reason"
)

// Outcome is where a row has got to. The words are those of the results file
// and of the checkpoint's schema.
type Outcome string

// The outcomes. Everything from Locked on is final (Failed until a retry).
const (
	Pending         Outcome = "pending"          // not carried out yet
	Sending         Outcome = "sending"          // dealt to a live owner: its intent is on disk
	Unknown         Outcome = "unknown"          // may have been sent, its answer not known
	Locked          Outcome = "locked"           // this run locked it
	Unlocked        Outcome = "unlocked"         // this run unlocked it
	ReasonUpdated   Outcome = "reason_updated"   // this run changed the lock's reason
	AlreadyLocked   Outcome = "already_locked"   // it was locked already
	AlreadyUnlocked Outcome = "already_unlocked" // it was not locked
	AlreadySet      Outcome = "already_set"      // the reason was so already
	Failed          Outcome = "failed"           // Zoho or we said no
	Invalid         Outcome = "invalid"          // faulty in the job file, never sent
	Duplicate       Outcome = "duplicate"        // asked for by an earlier row, never sent
)

// Outcomes lists every outcome in the order in which people are shown them.
func Outcomes() []Outcome {
	return []Outcome{
		Locked, Unlocked, ReasonUpdated, AlreadyLocked, AlreadyUnlocked, AlreadySet,
		Failed, Invalid, Duplicate, Unknown, Sending, Pending,
	}
}

// Final reports whether a row with this outcome has nothing left to do.
func (o Outcome) Final() bool {
	return o != Pending && o != Sending && o != Unknown
}

// Changed reports whether the outcome says that this run changed the record.
func (o Outcome) Changed() bool {
	return o == Locked || o == Unlocked || o == ReasonUpdated
}

// Row is one line of a job file on its way to a final outcome.
type Row struct {
	Seq      int64  // 1-based position among the file's rows; the row's key within its run
	Line     int    // physical line on which the record starts, the header counted
	Module   string // API name
	RecordID string // 1-19 digits
	Action   Action
	Reason   string   // as it will be sent, placeholders filled in; of an unlock, what LockID was found to have; "" where there is none
	LockID   string   // from the job file; or, once an unlock has read it, the lock it means to delete
	After    int64    // Seq of the row of the same record that must come first; 0 for none
	Cells    []string // the job file's own columns, original text, in header order

	Expect *Expect // how a row that takes a change back must find its record; nil for any other row

	Known *KnownLock // of an unlock without a LockID: the lock that a run of ours left there; nil where none is known

	// What the checkpoint knows of earlier work on the row; zero for a new one.
	Outcome      Outcome   // Pending, Unknown, or for rows never to be sent Invalid or Duplicate
	Code         string    // machine-readable why of Invalid, Duplicate and Failed
	Message      string    // the same for people
	Hint         string    // what to do about it
	AfterOutcome Outcome   // outcome of the row After names, when this row was dealt
	AfterLine    int       // the line of the row After names
	Previous     *Previous // the lock as it was before this run changed it
	Attempts     int       // attempts made, in all sittings
	Credits      int       // credits spent, in all sittings
	DealtAt      time.Time // when its first intent still open was written, our clock: no send was earlier
	SentAt       time.Time // the last time its change may have left, our clock; zero when never
}

// Previous is the lock of a record as this run found it, kept for undo and for proof.
type Previous struct {
	LockID string    `json:"lock_id"`
	Reason string    `json:"reason"`
	Source string    `json:"source"`
	ByID   string    `json:"by_id"`
	ByName string    `json:"by_name"`
	At     time.Time `json:"at"`
}

// KnownLock is a lock that a run of ours left on a record, as the checkpoint remembers it.
type KnownLock struct {
	LockID string
	Reason string    // as we gave it
	Made   bool      // we made the lock; else it was another's and we gave it its reason
	Run    string    // id of the run that left it so; "" where that is forgotten
	At     time.Time // when that was known, our clock
}

// Attempt is one pass at a row that put at least one call on the wire: the row's history.
type Attempt struct {
	N       int    // 1-based over the row's whole life
	Kind    string // "send" for the action itself, "settle" for reading a row in doubt back
	Began   time.Time
	Ended   time.Time
	HTTP    int // status of the last answer, 0 when there was none
	Code    string
	Message string
	Credits int
}

// Result is what became of a row: written down before it is counted or shown.
type Result struct {
	Seq        int64
	Outcome    Outcome // final, or Pending (not carried out), or Unknown (in doubt)
	Code       string
	HTTP       int
	Message    string
	Hint       string
	LockID     string // the lock made, deleted or re-worded; "" where unknown
	Previous   *Previous
	Attempts   int       // new total
	Credits    int       // new total
	Spent      int       // credits spent since the row's last Result, for the org's ledger
	Calls      int       // calls put on the wire since the row's last Result
	DealtAt    time.Time // kept while the row is Unknown
	SentAt     time.Time // kept while the row is Unknown
	FinishedAt time.Time // zero unless final
	History    []Attempt // attempts made since the row's last Result
}
