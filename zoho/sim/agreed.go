package sim

import "time"

// Agreement says what records whose id ends in Suffix do when Config.ByID is set.
type Agreement struct{ Suffix, Story string }

// Agreed lists the agreed endings of ids and their stories, for rehearsals: a
// person can see each kind of trouble by naming a record. "First" is counted
// over the record's whole life, reopenings included. All other records, and
// these in every other respect, behave.
func Agreed() []Agreement {
	return []Agreement{
		{"9000", "not locked at the start, even where it otherwise would be"},
		{"9001", "locked by hand by Patricia Boyle at the start"},
		{"9002", "locked by a rule (Automatic) at the start"},
		{"9003", "locked both by hand and by a rule (Both) at the start"},
		{"9004", "does not exist"},
		{"9005", "every write is refused with NO_PERMISSION"},
		{"9006", "the answer to the first write is lost after its effect"},
		{"9007", "the first write is lost before its effect"},
		{"9008", "the first call is answered 429"},
		{"9009", "the first write is answered 500, without effect"},
		{"9010", "the first write is answered with a 502 page, after its effect"},
		{"9011", "the answer to the first write is cut in mid-body, after its effect"},
		{"9012", "the first write's connection is cut and its effect comes 1 s later"},
		{"9013", "locked earlier by the calling user, for the reason \"Locked earlier by this user\""},
		{"9014", "every call takes 3 s longer"},
		{"9015", "the first read is answered 503"},
		{"9016", "every write is answered 500, without effect, for ever"},
		{"9017", "before the first unlock is carried out, Patricia Boyle unlocks the record and locks it anew"},
	}
}

// agreedStart is what an agreed record is at the start, given what it would
// otherwise be: its lock, and whether it exists.
func agreedStart(id int64, me User, otherwise *Lock) (*Lock, bool) {
	switch id % 10_000 {
	case 9000:
		return nil, true
	case 9001:
		return &Lock{Reason: "Under review by Patricia", Source: Manual, By: Patricia()}, true
	case 9002:
		return &Lock{Source: Automatic}, true
	case 9003:
		return &Lock{Reason: "Under review by Patricia", Source: Both, By: Patricia()}, true
	case 9004:
		return nil, false
	case 9013:
		return &Lock{Reason: "Locked earlier by this user", Source: Manual, By: me}, true
	}
	return otherwise, true
}

// ordinal numbers a call among its record's calls, from 1.
type ordinal struct{ call, read, write, unlock int }

// agreedFault is what befalls a call about an agreed record.
func agreedFault(id int64, op Op, n ordinal) trouble {
	firstWrite := op.writes() && n.write == 1
	switch ending := id % 10_000; {
	case ending == 9005 && op.writes():
		return trouble{kind: Forbidden}
	case ending == 9006 && firstWrite:
		return trouble{kind: DropAfter}
	case ending == 9007 && firstWrite:
		return trouble{kind: DropBefore}
	case ending == 9008 && n.call == 1:
		return trouble{kind: Throttle429}
	case ending == 9009 && firstWrite:
		return trouble{kind: Status500Before}
	case ending == 9010 && firstWrite:
		return trouble{kind: HTML502After}
	case ending == 9011 && firstWrite:
		return trouble{kind: CutBody}
	case ending == 9012 && firstWrite:
		return trouble{LateEffect, time.Second}
	case ending == 9014:
		return trouble{Slow, 3 * time.Second}
	case ending == 9015 && AnyRead.covers(op) && n.read == 1:
		return trouble{kind: Status503}
	case ending == 9016 && op.writes():
		return trouble{kind: Status500Before}
	case ending == 9017 && op == OpUnlock && n.unlock == 1:
		return trouble{kind: ChangeHands}
	}
	return trouble{}
}
