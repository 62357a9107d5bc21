package proof

// Tooth is a bug that is put into the program on purpose, to see that a test bites: a test that can't
// fail shows nothing.
type Tooth struct {
	ID     string
	What   string // the bug
	Edits  []Edit
	Room   string // the package whose tests must fail
	Tests  string // which of them, as go test -run takes it
	Says   string // what they must say, where they could fail for another reason too
	Traced bool   // they need strace, and show nothing without
	Sooner bool   // put in with every go test, not in the full tier alone
}

// Edit replaces a piece of a source file, which must occur in it just once.
type Edit struct{ File, Old, New string }

// Teeth is every seeded bug, B1 to B16 of the programme, then those
// that this programme has found in the program itself.
func Teeth() []Tooth {
	return []Tooth{
		{ID: "B1", What: "an outcome is told before it is stored", Room: "proof", Tests: "TestEveryCommitFailsOnce", Edits: []Edit{
			{"batch/commit.go", `	crash.At("before-commit")`, `	k.tell(c.Results, 0)
	crash.At("before-commit")`},
		}},
		{ID: "B2", What: "commits are not synced (synchronous=NORMAL)", Room: "checkpoint", Tests: "TestSettings", Edits: []Edit{
			{"checkpoint/dsn.go", `"_synchronous", "FULL"`, `"_synchronous", "NORMAL"`},
			{"checkpoint/dsn.go", `{"synchronous", "2"}`, `{"synchronous", "1"}`},
		}},
		{ID: "B3", What: "a change leaves before its intent is durable", Room: "proof", Tests: "TestSlowStore|TestEveryCommitFailsOnce", Edits: []Edit{
			{"batch/runner.go", `	if err := <-written; err != nil {
		return err
	}`, ``},
		}},
		{ID: "B4", What: "the signal cancels the transaction that writes outcomes down", Room: "batch", Tests: "TestSoftStop|TestHardStop", Edits: []Edit{
			{"batch/keeper.go", `type keeper struct {`, `type keeper struct {
	soft context.Context`},
			{"batch/keeper.go", `	until := k.untilTimer()`, `	k.soft = soft
	until := k.untilTimer()`},
			{"batch/commit.go", `k.r.store.Commit(context.Background(), c)`, `k.r.store.Commit(k.commitContext(), c)`},
			{"batch/commit.go", `// refuse keeps what`, `func (k *keeper) commitContext() context.Context { return k.soft }

// refuse keeps what`},
			{"checkpoint/session.go", `	err := s.persist(context.WithoutCancel(ctx), func(`, `	err := s.persist(ctx, func(`},
		}},
		{ID: "B5", What: "a record read back without the change is believed at once", Room: "batch", Tests: "TestALateLockIsSentOnce", Sooner: true, Edits: []Edit{
			{"batch/settle.go", `	if time.Since(j.row.SentAt) >= r.policy.settle {`, `	if time.Since(j.row.SentAt) >= 0 {`},
		}},
		{ID: "B6", What: "a lock that is refused because there is one counts as made", Room: "batch", Tests: "TestAgreedTroubles", Edits: []Edit{
			{"batch/actions.go", `	if e == nil || e.Kind != zoho.AlreadyLocked {`, `	if e != nil && e.Kind == zoho.AlreadyLocked {
		return j.became(Locked, "", "")
	}
	if e == nil || e.Kind != zoho.AlreadyLocked {`},
		}},
		{ID: "B7", What: "an unlock that is refused because a rule holds the lock counts as unlocked already", Room: "batch", Tests: "TestARulesLockThatIsNamed", Edits: []Edit{
			{"batch/actions.go", `	if e := asError(err); e != nil && e.Kind == zoho.LockUnknown {
		return r.lockGone(`, `	if e := asError(err); e != nil && e.Kind == zoho.AutomaticLock {
		return j.became(AlreadyUnlocked, "", "")
	}
	if e := asError(err); e != nil && e.Kind == zoho.LockUnknown {
		return r.lockGone(`},
		}},
		{ID: "B8", What: "a 429 uses up an attempt", Room: "batch", Tests: "TestThrottledNeverFails", Sooner: true, Edits: []Edit{
			{"batch/actions.go", `	if v.course == done || v.course == inDoubt {`, `	if v.course == done || v.course == inDoubt || v.http == 429 {`},
		}},
		{ID: "B9", What: "redirects are followed", Room: "zoho", Tests: "TestRedirectIsNotFollowed", Sooner: true, Edits: []Edit{
			{"zoho/transport.go", `return http.ErrUseLastResponse }`, `return nil }`},
			{"zoho/client.go", `roundTrip(c.transport.RoundTrip, req`, `roundTrip(newHTTPClient(c.transport).Do, req`},
		}},
		{ID: "B10", What: "the token stands in the query too", Room: "zoho", Tests: "TestRequestOnTheWire", Edits: []Edit{
			{"zoho/client.go", `	req.Header.Set("User-Agent", c.agent)`, `	req.URL.RawQuery += "&access_token=" + token.Reveal()
	req.Header.Set("User-Agent", c.agent)`},
		}},
		{ID: "B11", What: "an Idempotency-Key invites net/http to send again", Room: "zoho", Tests: "TestRequestOnTheWire|TestWritesAreNeverRepeated", Edits: []Edit{
			{"zoho/request.go", `	req.Header["Accept"] = acceptJSON`, `	req.Header.Set("Idempotency-Key", "1")
	req.Header["Accept"] = acceptJSON`},
		}},
		{ID: "B12", What: "credits are counted by calls made, not by requests sent", Room: "zoho", Tests: "TestSilentRepeatIsCounted", Edits: []Edit{
			{"zoho/client.go", `c.meter.book(sent, k.price`, `c.meter.book(min(sent, 1), k.price`},
		}},
		{ID: "B13", What: "a run is known by its rows' numbers, not by its job file's content", Room: "cli", Tests: "TestEditedJobFile", Edits: []Edit{
			{"cli/run.go", `l.meaning.identity(l.orgName(), l.sha)`, `l.meaning.identity(l.orgName(), "")`},
		}},
		{ID: "B14", What: "a window is reckoned in hours gone by, not by the clock on the wall", Room: "zoho", Tests: "TestWindowOnNightsOfChange", Edits: []Edit{
			{"zoho/window.go", `if end.IsZero() || at.Before(end) {`, `if end.IsZero() || !at.IsZero() {`},
		}},
		{ID: "B15", What: "an unlock deletes whichever lock is there", Room: "batch", Tests: "TestALockThatChangesHandsIsLeft", Edits: []Edit{
			{"batch/actions.go", `	err := client.DeleteLock(ctx, j.record(), j.row.LockID)`, `	if there, _, ok := r.look(ctx, j, client); ok && there.ID != "" {
		j.row.LockID = there.ID
	}
	err := client.DeleteLock(ctx, j.record(), j.row.LockID)`},
		}},
		{ID: "B16", What: "a row that fails cancels everybody", Room: "batch", Tests: "TestRowsOfOneRecordInOrder", Edits: []Edit{
			{"batch/runner.go", `	var workers errgroup.Group
`, `	var workers errgroup.Group
	hard, cancel := context.WithCancel(hard) // as errgroup.WithContext does
`},
			{"batch/runner.go", `				r.notes <- note{job: j, verdict: r.begin(hard, j)}
`, `				v := r.begin(hard, j)
				r.notes <- note{job: j, verdict: v}
				if v.outcome == Failed {
					cancel()
				}
`},
		}},
		{ID: "F1", What: "a row that waited for another is settled as if it had been sent", Room: "batch", Tests: "TestARowThatWaitedIsNotInDoubt", Edits: []Edit{
			{"batch/commit.go", `		j.doubt, j.open = false, false
`, ``},
		}},
		{ID: "F2", What: "another's lock settles a lock whose answer is open", Room: "batch", Tests: "TestAlreadyLockedWaitsForTheLateEffect", Edits: []Edit{
			{"batch/settle.go", `	case time.Since(j.row.SentAt) < r.policy.settle:
		return verdict{}, false`, `	case false:
		return verdict{}, false`},
		}},
		{ID: "F3", What: "a named lock that is gone is claimed as taken away", Room: "batch", Tests: "TestALockThatWasGoneBeforeIsNotClaimed", Edits: []Edit{
			{"batch/job.go", `	case ActionUnlock, ActionUpdateReason:
`, `	case ActionUnlock:
		return row.LockID != ""
	case ActionUpdateReason:
`},
			{"batch/settle.go", `		case r.older(found, j.row.DealtAt):`, `		case false:`},
		}},
		{ID: "F4", What: "while one row asks who we are, the others take any lock away", Room: "proof", Tests: "TestSecondActor|TestAnyStoryEndsRight", Edits: []Edit{
			{"batch/actions.go", `	if me.ID == "" {
		return j.refused(CodeOtherOwner`, `	if false {
		return j.refused(CodeOtherOwner`},
			{"batch/actions.go", `	if found.By.ID != "" && found.By.ID != me.ID {`, `	if me.ID != "" && found.By.ID != "" && found.By.ID != me.ID {`},
			{"batch/identity.go", `		select {
		case <-asking:
		case <-ctx.Done():
			return zoho.User{}, ctx.Err()
		}
`, `		return zoho.User{}, nil
`},
		}},
		{ID: "F5", What: "a slow answer moves the clock", Room: "zoho", Tests: "TestOffsetOfSlowAnswers", Edits: []Edit{
			{"zoho/clock.go", ` || received.Sub(sent) > clockRound {`, ` {`},
		}},
		{ID: "W1", What: "a change is sent again when its kept connection dies", Room: "zoho", Tests: "TestDirectDeaths", Edits: []Edit{
			{"zoho/direct.go", `return req.Method == http.MethodGet && !hasBody(req) && c.kept`, `return c.kept`},
		}},
		{ID: "W2", What: "a kept connection is used without a look at it", Room: "zoho", Tests: "TestDirectDeaths", Edits: []Edit{
			{"zoho/directidle.go", ` && c.usable() {`, ` {`},
		}},
		{ID: "W3", What: "a connection with bytes behind an answer is kept", Room: "zoho", Tests: "TestDirectReads", Edits: []Edit{
			{"zoho/directbody.go", ` && c.reader.Buffered() == 0:`, `:`},
		}},
		{ID: "C1", What: "commits are not synced, and no setting is looked at", Room: "proof", Tests: "TestPowerCut", Says: "there is no run", Traced: true, Edits: []Edit{
			{"checkpoint/dsn.go", `"_synchronous", "FULL"`, `"_synchronous", "NORMAL"`},
			{"checkpoint/dsn.go", `{"synchronous", "2"}`, `{"synchronous", "1"}`},
		}},
		{ID: "C2", What: "the syncs end when the run begins", Room: "proof", Tests: "TestPowerCut", Says: "was told to be", Traced: true, Edits: []Edit{
			{"checkpoint/begin.go", `	err = s.link.transact(ctx, func(ctx context.Context) error {
		defer crash.At("in-takeover")`, `	if _, err = s.link.conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return nil, err
	}
	err = s.link.transact(ctx, func(ctx context.Context) error {
		defer crash.At("in-takeover")`},
		}},
	}
}
