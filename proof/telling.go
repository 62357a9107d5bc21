package proof

import (
	"bytes"
	"maps"
	"slices"

	"zlock/batch"
)

// byLine are the rows of a snapshot by their lines.
func (s Snapshot) byLine() map[int]Told {
	rows := make(map[int]Told, len(s.Rows))
	for _, t := range s.Rows {
		rows[t.Line] = t
	}
	return rows
}

// told is a row as the checkpoint holds it, in the form in which it is printed.
func (l *life) told() Told {
	return Told{Line: l.Line, Outcome: l.Outcome, Code: l.Code, LockID: l.LockID, Attempts: l.Attempts, Credits: l.Credits}
}

// rests says whether what was told of a row may never change again.
func (s *story) rests(t Told) bool {
	return t.Outcome.Final() && !(s.Retried && t.Outcome == batch.Failed)
}

// toldStays is I1.
func (s *story) toldStays(bad complain) {
	for _, l := range s.rows {
		now := l.told()
		for _, shot := range s.shots {
			if was, ok := shot.told[l.Line]; ok && s.rests(was) && was != now {
				bad(l.Seq, "told as %+v (%s), stored as %+v", was, shot.Name, now)
				break
			}
		}
	}
}

// finalRests is P5, for reading back as well as for changing.
func (s *story) finalRests(bad complain) {
	for _, shot := range s.shots {
		for _, l := range s.rows {
			if t, ok := shot.told[l.Line]; !ok || !s.rests(t) {
				continue
			}
			for _, f := range l.facts {
				if f.Seq > shot.Events && !f.Late {
					bad(l.Seq, "final (%s), and event %d (%s) is a call for it", shot.Name, f.Seq, f.Op)
				}
			}
		}
	}
}

// addsUp is I9.
func (s *story) addsUp(bad complain) {
	counts, lines := map[batch.Outcome]int64{}, map[int]bool{}
	for i, l := range s.rows {
		counts[l.Outcome]++
		lines[l.Line] = true
		if l.Seq != int64(i+1) {
			bad(l.Seq, "stands where row %d is due", i+1)
		}
	}
	if s.Run.ID != "" {
		stored := maps.Clone(s.Run.Counts)
		maps.DeleteFunc(stored, func(_ batch.Outcome, n int64) bool { return n == 0 })
		if !maps.Equal(stored, counts) || s.Run.Total != int64(len(s.rows)) {
			bad(0, "%d rows are %v, the run counts %d, %v", len(s.rows), counts, s.Run.Total, stored)
		}
	}
	for _, shot := range s.shots {
		if len(shot.told) != len(shot.Rows) || len(shot.told) != len(lines) || !slices.Equal(slices.Sorted(maps.Keys(shot.told)), slices.Sorted(maps.Keys(lines))) {
			bad(0, "%d rows were told on %d lines (%s), there are %d", len(shot.Rows), len(shot.told), shot.Name, len(lines))
		}
	}
}

// secrets is I10.
func (s *story) secrets(bad complain) {
	for _, name := range slices.Sorted(maps.Keys(s.Artefacts)) {
		for i, secret := range s.Secrets {
			if secret != "" && bytes.Contains(s.Artefacts[name], []byte(secret)) {
				bad(0, "%s holds secret %d", name, i+1)
			}
		}
	}
}

// exits is P12.
func (s *story) exits(bad complain) {
	if len(s.Exits) == 0 || len(s.rows) == 0 {
		return
	}
	wanted := 0
	for _, l := range s.rows {
		switch {
		case !l.Outcome.Final():
			wanted = -1
		case wanted == 0 && (l.Outcome == batch.Failed || l.Outcome == batch.Invalid):
			wanted = 5
		}
	}
	switch last := s.Exits[len(s.Exits)-1]; {
	case wanted < 0 && (last == 0 || last == 5):
		bad(0, "it ended with %d, and rows are open", last)
	case wanted >= 0 && last != wanted:
		bad(0, "it ended with %d, and its rows are worth %d", last, wanted)
	}
}
