package batch

import (
	"log/slog"
	"sync"
	"time"

	"zlock/zoho"
)

// OnLocked says what a lock does on a record that is locked already.
type OnLocked string

// The choices of --on-locked.
const (
	OnLockedSkip         OnLocked = "skip"          // the row is already_locked
	OnLockedUpdateReason OnLocked = "update-reason" // the lock there gets this row's reason
	OnLockedFail         OnLocked = "fail"          // the row is failed
)

// Options are what a Runner is told about one sitting. Zero values mean: no such limit.
type Options struct {
	RunID    string
	Workers  int           // rows worked at once, at least 1
	Attempts int           // sends per row in this sitting, at most; 0 is 3
	Settle   time.Duration // how long after the last send "it did not happen" may be believed; 0 is 60s
	OnLocked OnLocked      // "" is skip
	AnyOwner bool          // an unlock may take away other users' locks
	Precheck Precheck      // when bulk reads sort rows out first; "" is never
	Learnt   *Learnt       // what earlier sittings of this invocation learnt of bulk reads, and this one adds to; nil where none are to follow

	Composite   Composite                      // when five calls are made in one; "" is off
	Admits      map[string]bool                // what is remembered of the calls, by their Op, that a composite takes
	LearnAdmits func(op string, admitted bool) // told when that is learnt

	Limit          int64     // rows dealt in this sitting, at most
	MaxFailures    int64     // failed rows at which the run stops
	MaxFailureRate float64   // share of failed rows (0 to 1), after 50 rows, above which it stops
	Until          time.Time // when to stop
	Ended, Failed  int64     // rows that ended, and of those failed, earlier in this invocation: Limit and the breakers count them

	Me    zoho.User       // who we are, as remembered
	Learn func(zoho.User) // told when it is learnt

	Tell    func(string)         // told in a sentence what was decided on the way, for a person; one call at a time
	Observe func(Progress)       // told after each commit, from one goroutine
	Rescue  func([]Result) error // takes the outcomes that the store would not
	Seed    uint64               // of the jitter, so that tests repeat
	Log     *slog.Logger
}

// Progress is what one commit brought.
type Progress struct {
	Results []Result
	Waiting int // rows that wait for a retry
	Doubt   int // rows that wait to be read back
}

// Report says how a sitting ended.
type Report struct {
	StoppedBy StopCause              // "" when every row that could be dealt is final
	Why       string                 // one sentence
	ResumeAt  time.Time              // when it makes sense to go on; zero when not known
	Rolls     bool                   // of StopBudget: the credits are the org's of 24 hours, and come back by themselves
	Blocked   map[string]*zoho.Error // modules that cannot be worked on, and why
	Fatal     *zoho.Error            // what only a person can mend
	Precheck  PrecheckReport         // what bulk reads have sorted out
	Composite CompositeReport        // what composites have carried
}

func (o Options) withDefaults() Options {
	if o.Workers < 1 {
		o.Workers = 1
	}
	if o.Attempts < 1 {
		o.Attempts = 3
	}
	if o.Settle <= 0 {
		o.Settle = time.Minute
	}
	if o.OnLocked == "" {
		o.OnLocked = OnLockedSkip
	}
	o.Tell = oneAtATime(o.Tell)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// oneAtATime keeps sentences from several goroutines apart.
func oneAtATime(tell func(string)) func(string) {
	if tell == nil {
		return func(string) {}
	}
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		tell(text)
	}
}
