package sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// heading is the first line of a journal.
type heading struct {
	Journal string `json:"journal"`
	Epoch   int64  `json:"epoch"` // unix seconds
	Mark    string `json:"mark,omitempty"`
}

// ErrOtherOrg says that a journal belongs to an organisation with another Config.Mark.
var ErrOtherOrg = errors.New("it is the journal of another organisation; name another file")

const headingName = "simulated organisation, 1"

// entry is one line of the journal: all that one call changed.
type entry struct {
	Credit int64       `json:"credit,omitempty"` // unix second in which a credit was spent
	More   int         `json:"more,omitempty"`   // credits spent in that second beyond the one
	Call   Op          `json:"call,omitempty"`   // a call counted for faults
	Module string      `json:"module,omitempty"`
	ID     string      `json:"id,omitempty"`
	Lock   *keptLock   `json:"lock,omitempty"`   // what the record's lock became
	Gone   bool        `json:"gone,omitempty"`   // the record's lock was taken away
	Late   *lateEffect `json:"late,omitempty"`   // an effect still to come
	Landed int64       `json:"landed,omitempty"` // the number of one that has come
	Wide   *keptWide   `json:"wide,omitempty"`   // what changed besides one record's lock
}

// keptLock is a row in the journal.
type keptLock struct {
	ID     string `json:"id"`
	At     int64  `json:"at"`
	Reason string `json:"reason,omitempty"`
	Source Source `json:"source"`
	ByID   string `json:"by_id,omitempty"`
	ByName string `json:"by_name,omitempty"`
	Rule   int64  `json:"rule,omitempty"`
}

// journal is an append-only file of entries, each written by one write.
type journal struct {
	path string
	f    *os.File
	in   *bufio.Reader
	size int64 // of the whole lines
	line int
	err  error // what first kept it from being written
}

// openJournal opens or makes the journal at path and returns it with the time at
// which the organisation first came to be.
func openJournal(path, mark string, now time.Time) (*journal, time.Time, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, now, fmt.Errorf("open journal: %w", err)
	}
	j := &journal{path: path, f: f, in: bufio.NewReader(f)}
	epoch, err := j.begin(mark, now)
	if err != nil {
		return nil, now, errors.Join(fmt.Errorf("read journal %s: %w", path, err), f.Close())
	}
	return j, epoch, nil
}

// begin reads the heading, or writes one into a journal that has none yet.
func (j *journal) begin(mark string, now time.Time) (time.Time, error) {
	fresh, err := json.Marshal(heading{headingName, now.Unix(), mark})
	if err != nil {
		return now, err
	}
	line, err := j.in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		// Only our own torn heading may be written over.
		if !tornHeading(line) {
			return now, errors.New("it is not a journal of ours; name another file")
		}
		if err := j.f.Truncate(0); err != nil {
			return now, err
		}
		j.in = nil
		return now, j.append(fresh)
	}
	if err != nil {
		return now, err
	}
	var h heading
	if json.Unmarshal(line, &h) != nil || h.Journal != headingName {
		return now, errors.New("it is not a journal of ours; name another file")
	}
	if h.Mark != mark {
		return now, ErrOtherOrg
	}
	j.size, j.line = int64(len(line)), 1
	return time.Unix(h.Epoch, 0), nil
}

func tornHeading(line []byte) bool {
	start := []byte(`{"journal":` + strconv.Quote(headingName))
	n := min(len(line), len(start))
	return bytes.Equal(line[:n], start[:n])
}

// replay hands every entry to restore. A torn last line, left by a death in
// mid-write, is dropped; damage anywhere else is an error.
func (j *journal) replay(restore func(entry) error) error {
	for j.in != nil {
		line, err := j.in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read journal %s: %w", j.path, err)
		}
		if err != nil {
			break
		}
		var e entry
		if bad := json.Unmarshal(line, &e); bad != nil {
			if _, err := j.in.Peek(1); errors.Is(err, io.EOF) {
				break
			}
			return fmt.Errorf("read journal %s: line %d: %w", j.path, j.line+1, bad)
		}
		if err := restore(e); err != nil {
			return fmt.Errorf("read journal %s: line %d: %w", j.path, j.line+1, err)
		}
		j.size, j.line = j.size+int64(len(line)), j.line+1
	}
	j.in = nil
	if err := j.f.Truncate(j.size); err != nil {
		return fmt.Errorf("drop the torn end of journal %s: %w", j.path, err)
	}
	return nil
}

// append writes one line in one write. After a write that went wrong nothing
// more is written: what follows a gap would not be true.
func (j *journal) append(line []byte) error {
	if j.err != nil {
		return j.err
	}
	line = append(line, '\n')
	if _, err := j.f.Write(line); err != nil {
		j.err = fmt.Errorf("write journal: %w", err)
		return errors.Join(j.err, j.f.Truncate(j.size))
	}
	j.size += int64(len(line))
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return errors.Join(j.err, j.f.Close())
}

// count notes the call as one that faults are numbered by.
func (e *entry) count(c *call) {
	e.Call, e.Module = c.op, c.module
	if s, ok := c.subject(); ok {
		e.ID = strconv.FormatInt(s.id, 10)
	}
}

// commit makes the change true: first in the journal, then in the state, before
// anybody is told of it. When the journal cannot be written nothing changes.
func (o *Org) commit(e entry, ch *change) error {
	if o.closed {
		return errors.New("the simulated organisation is closed")
	}
	if ch != nil && ch.wide != nil {
		e.Wide = ch.wide.kept(o)
	} else if ch != nil {
		e.Module, e.ID = ch.key.m.name, ch.key.text()
		e.Gone = ch.row == nil
		if ch.row != nil {
			e.Lock = o.kept(*ch.row)
		}
	}
	if o.journal != nil && e != (entry{}) {
		line, err := json.Marshal(e)
		if err == nil {
			err = o.journal.append(line)
		}
		if err != nil {
			return err
		}
	}
	ch.apply()
	return nil
}

func (c *change) apply() {
	switch {
	case c == nil:
	case c.wide != nil:
		c.wide.apply()
	case c.row == nil:
		delete(c.key.m.locks, c.key.id)
	default:
		c.key.m.locks[c.key.id] = *c.row
	}
}

func (o *Org) kept(r row) *keptLock {
	l := o.lock(r)
	return &keptLock{ID: l.ID, At: r.at, Reason: l.Reason, Source: l.Source, ByID: l.By.ID, ByName: l.By.Name, Rule: r.rule}
}

// restore makes an entry of the journal true again.
func (o *Org) restore(e entry) error {
	if e.Credit > 0 {
		o.gate.spend(e.Credit, 1+e.More)
	}
	if e.Call != "" {
		o.tally.add(&call{op: e.Call, module: e.Module, id: e.ID})
	}
	if e.Late != nil {
		o.pending[e.Late.N] = *e.Late
		o.lates = max(o.lates, e.Late.N)
	}
	delete(o.pending, e.Landed)
	if e.Wide != nil {
		return o.restoreWide(e.Wide)
	}
	return o.restoreLock(e)
}

func (o *Org) restoreLock(e entry) error {
	if e.Lock == nil && !e.Gone {
		return nil
	}
	ch := change{}
	if e.Lock != nil {
		r, err := o.rowKept(e.Lock)
		if err != nil {
			return err
		}
		ch.row = &r
	}
	var ok bool
	if ch.key.m, ch.key.id, ok = o.find(e.Module, e.ID); ok {
		ch.apply()
	}
	return nil
}

// rowKept is a lock of the journal as a row.
func (o *Org) rowKept(l *keptLock) (row, error) {
	id, err := strconv.ParseInt(l.ID, 10, 64)
	if err != nil || sourceNumber(l.Source) < 0 {
		return row{}, errors.New("it does not hold a lock")
	}
	by := User{ID: l.ByID, Name: l.ByName}
	r := o.row(Lock{Reason: l.Reason, Source: l.Source, By: by}, id, time.Unix(l.At, 0))
	r.rule = l.Rule
	o.made = max(o.made, id-madeLockIDs)
	return r, nil
}
