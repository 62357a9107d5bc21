package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// sitting is one process's work on a run, from taking it over to saying what came of it.
type sitting struct {
	*app
	place  place
	org    org
	pace   pace
	db     *checkpoint.DB
	run    batch.Run
	asJSON bool

	owner   *checkpoint.Ownership
	command string // under which the org is held
	before  tally  // earlier stints
	learnt  batch.Learnt
	cover   *cover // of the stint that goes on; nil for none

	limiter *zoho.Limiter
	client  *zoho.Client
	close   func() // of the pretend org
	instant bool   // the pretend org answers at once
	meter   meter
	told    *progress
	rescued string                    // the file that holds what the store would not take
	groups  []checkpoint.FailureGroup // of the run as it ended; nil where nobody has looked

	lone       bool                          // it is about a single record that was typed
	announced  bool                          // others were told of the end
	concluding func(batch.Report, int) error // tells what came of the run instead of a summary; may be nil
	tells      bool                          // others are told of the end even so
}

// goOn works on a run that was begun before, if it has rows left.
func (s *sitting) goOn(ctx context.Context) error {
	if s.run.Open() == 0 {
		s.screen.say("run %s is %s: nothing to do", s.run.ID, s.run.State)
		return s.conclude(batch.Report{})
	}
	s.tellGoingOn()
	return s.work(ctx)
}

func (s *sitting) tellGoingOn() {
	s.screen.say("going on with run %s: %s of %s rows left%s", s.run.ID, number(s.run.Open()), number(s.run.Total),
		map[bool]string{true: "  SIMULATED"}[s.run.Simulated])
}

// stint is one stretch of work at the run, from beginning it to writing down how it ended.
func (s *sitting) stint(ctx context.Context) (batch.Report, error) {
	if err := s.connect(ctx); err != nil {
		return batch.Report{}, err
	}
	defer s.close()
	limiter := s.limiter
	s.bell.working(s.pace.grace, func() { s.stopping(limiter) })
	held, err := s.knowOrg(ctx)
	if err != nil {
		return batch.Report{}, err
	}
	session, err := s.db.Begin(ctx, s.run.ID, workerName())
	if err != nil {
		return batch.Report{}, err
	}
	began := s.run
	stop := s.measuring()
	report, broken := s.carryOut(ctx, session, held)
	err = s.record(ctx, session, &report, broken)
	stop()
	s.cover.end(ctx)
	if err != nil {
		return batch.Report{}, err
	}
	s.before.add(int64(limiter.Snapshot().Credits), began, s.run)
	return report, nil
}

// carryOut works the rows, unless the stint was held up before its first one.
func (s *sitting) carryOut(ctx context.Context, session *checkpoint.Session, held *batch.Report) (batch.Report, error) {
	if held != nil {
		return *held, nil
	}
	s.watch()
	defer s.told.finish()
	options := s.options(ctx)
	if !s.run.Simulated { // which holds a whole organisation in memory
		s.world.collectLess()
		s.cover = s.coverOf()
		s.cover.begin(ctx)
		options.Observe = func(p batch.Progress) {
			s.told.observe(p)
			s.cover.keep(ctx)
		}
	}
	return batch.NewRunner(session, s.client, s.limiter, options).Run(s.bell.soft, s.bell.hard)
}

// workerName says who works on a run.
func workerName() string { return fmt.Sprintf("pid %d on %s", os.Getpid(), thisHost()) }

// thisHost names the machine for those who look at it from another.
func thisHost() string {
	host, err := os.Hostname()
	if err != nil {
		return "this machine"
	}
	return host
}

// stopping is told of the first signal.
func (s *sitting) stopping(limiter *zoho.Limiter) {
	n := int64(limiter.Snapshot().InFlight)
	if n == 0 {
		s.screen.say("stopping: no call is in flight; writing down what is known")
		return
	}
	s.screen.say("stopping: letting %s end (again to cut them)", counted(n, "call", "calls"))
}

// connect makes the limiter and the client of the run's org.
func (s *sitting) connect(ctx context.Context) error {
	spent, err := s.db.Spent(ctx, s.org.key, s.world.Now())
	if err != nil {
		return err
	}
	s.limiter = zoho.NewLimiter(zoho.LimiterConfig{
		Cap: int(s.pace.concurrency), Open: s.pace.open(), Rate: s.pace.rate, Polite: s.pace.polite,
		MaxCredits: int(s.pace.maxCredits), Used: int(s.before.credits), Allowance: int(s.pace.allowance), Floor: int(s.pace.daily - s.pace.allowance),
		Spent: spends(spent), KeepForReads: s.pace.keep(), MaxOutage: s.pace.maxOutage, Window: s.pace.window,
		Seed: s.seed(), Log: s.log,
	})
	s.close = func() {}
	if s.run.Simulated {
		return s.connectSimulated(ctx)
	}
	tokens, err := s.org.tokens(s.place, s.limiter, s.world.Transport, s.log, s.world.hidden)
	if err != nil {
		return usage(err.Error())
	}
	s.client, err = zoho.New(zoho.Config{
		API: s.org.api, Version: s.org.version, Tokens: tokens, Limiter: s.limiter, AllowHosts: s.org.allowHosts, Log: s.log,
		Transport: s.world.Transport,
	})
	if err != nil {
		return usage(err.Error())
	}
	return nil
}

// seed makes jitter differ between runs, and not between rehearsals of one.
func (s *sitting) seed() uint64 { return seedOf(s.run.ID) }

func seedOf(runID string) uint64 {
	var seed uint64
	for _, c := range runID {
		seed = seed*131 + uint64(c)
	}
	return seed
}

// options are what the runner is told.
func (s *sitting) options(ctx context.Context) batch.Options {
	return batch.Options{
		RunID: s.run.ID, Workers: int(s.pace.concurrency), Attempts: int(s.pace.attempts), Settle: s.pace.settle,
		OnLocked: batch.OnLocked(s.run.Settings[keyOnLocked]), AnyOwner: s.run.Settings[keyAnyOwner] == "true",
		Precheck: s.pace.precheck, Learnt: &s.learnt, Tell: s.decided,
		Composite: s.pace.composite, Admits: s.admits(ctx),
		LearnAdmits: func(op string, taken bool) { s.learnAdmits(ctx, op, taken) },
		Limit:       s.pace.limit, Ended: s.before.rows, Failed: s.before.failed, MaxFailures: s.pace.maxFailures, MaxFailureRate: s.pace.maxFailureRate, Until: s.pace.until,
		Me: s.me(ctx), Learn: func(u zoho.User) { s.learn(ctx, u) },
		Observe: s.told.observe, Rescue: s.keepOutcomes, Seed: s.seed(), Log: s.log,
	}
}

// The facts that are remembered of an org.
const (
	factUserID   = "user.id"
	factUserName = "user.name"
)

// me is who is signed in, as an earlier run learnt it.
func (s *sitting) me(ctx context.Context) zoho.User {
	// Another sign-in of the same client may be another user's.
	signIn := s.org.credentials.signature()
	id, err := s.db.Recall(ctx, s.org.key, factUserID+":"+signIn)
	if err != nil {
		s.log.Warn("who is signed in is not remembered", "error", err)
		return zoho.User{}
	}
	name, _ := s.db.Recall(ctx, s.org.key, factUserName+":"+signIn) // for messages only
	return zoho.User{ID: id, Name: name}
}

func (s *sitting) learn(ctx context.Context, u zoho.User) {
	signIn := s.org.credentials.signature()
	err := errors.Join(s.db.Remember(ctx, s.org.key, factUserID+":"+signIn, u.ID), s.db.Remember(ctx, s.org.key, factUserName+":"+signIn, u.Name))
	if err != nil {
		s.log.Warn("who is signed in could not be remembered", "error", err)
	}
}

// watch begins to tell how far the run has got.
func (s *sitting) watch() {
	label := ""
	if s.run.Simulated {
		label = "SIMULATED "
	}
	terminal := s.world.ErrTerminal && s.world.env("CI") == "" && s.world.env("TERM") != "dumb"
	s.told = &progress{
		screen: s.screen, now: s.world.Now, width: s.world.width, limits: s.limiter.Snapshot, label: label,
		total: s.run.Total, done: s.run.Total - s.run.Open(), failed: s.run.Counts[batch.Failed],
		mute: s.place.quiet || s.pace.noProgress || s.lone && !terminal, lone: s.lone,
	}
	s.told.start(terminal)
}

// record writes down how the sitting ended. Where the store broke, that is tried all the same.
func (s *sitting) record(ctx context.Context, session *checkpoint.Session, report *batch.Report, broken error) error {
	now, err := s.db.Find(ctx, s.run.ID)
	if err != nil && broken == nil {
		return err
	}
	if broken != nil {
		report.StoppedBy = batch.StopError
	}
	state := batch.Paused
	switch {
	case broken == nil && now.Open() == 0:
		state, report.StoppedBy, report.Why, report.Fatal = batch.Completed, "", "", nil
	case report.StoppedBy == batch.StopSignal, report.StoppedBy == batch.StopError:
		state = batch.Interrupted
	}
	s.run, err = session.End(ctx, state, report.StoppedBy)
	if broken != nil {
		return s.brokenStore(broken)
	}
	return err
}

// brokenStore says what is to be done when outcomes could not be stored.
func (s *sitting) brokenStore(broken error) error {
	if s.rescued == "" {
		return broken
	}
	return fmt.Errorf("%w; the outcomes that could not be stored are in %s; mend the cause, then %s reads the records back from Zoho",
		broken, s.rescued, s.place.command("resume", s.run.ID))
}

// keepOutcomes writes outcomes down that the store would not take, beside it or, where that fails too,
// in the directory for temporary files.
func (s *sitting) keepOutcomes(results []batch.Result) error {
	name := "zlock-rescue-" + s.run.ID + ".jsonl"
	var errs error
	for _, dir := range []string{filepath.Dir(s.place.db), os.TempDir()} {
		path := filepath.Join(dir, name)
		err := appendResults(path, s.run.ID, results)
		if err == nil {
			s.rescued = path
			return nil
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// bucketWidth is the span that one entry of the ledger stands for.
const bucketWidth = 5 * time.Minute

// spends is the ledger as the limiter takes it: an entry there names when its span began, here its
// last moment, from where the limiter finds the span again.
func spends(ledger []checkpoint.Spend) []zoho.Spend {
	out := make([]zoho.Spend, 0, len(ledger))
	for _, s := range ledger {
		out = append(out, zoho.Spend{At: s.At.Add(bucketWidth - time.Nanosecond), Credits: s.Credits})
	}
	return out
}
