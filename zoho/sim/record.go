package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Lock ids of the two kinds never meet each other, nor usual record ids.
const (
	seededLockIDs = 5843104100000000000
	madeLockIDs   = 5843104900000000000
	moduleIDs     = 5843104000000002000
	configIDs     = 5843104000000758000
	ruleIDs       = 5843104000000766000
)

// module holds its records by number, so that a million of them take a few
// megabytes.
type module struct {
	Module
	name  string
	order int64
	ids   []int64 // sorted once seeding is over
	names map[int64]string
	locks map[int64]row

	converted map[int64]bool

	fields   []Field         // besides those that every record has something in
	held     map[int64]*held // of the records about which something more is known
	settings *configuration  // nil: none
}

// row is a Lock as it is kept.
type row struct {
	id     int64
	at     int64 // unix seconds
	reason string
	by     int32 // in people; -1 for nobody
	source uint8 // in sources
	rule   int64 // the id of the rule that locked it; 0 for none, or for one that was there before
}

// key is one record.
type key struct {
	m  *module
	id int64
}

func (k key) text() string { return strconv.FormatInt(k.id, 10) }

// change says what a record's lock becomes; nil: none.
type change struct {
	key key
	row *row

	wide *upheaval // where set, the change is this, and not about one record
}

func (c *change) reason() string {
	if c.row == nil {
		return ""
	}
	return c.row.reason
}

// people numbers the users who hold locks.
type people struct {
	list  []User
	index map[User]int32
}

func (p *people) number(u User) int32 {
	if u == (User{}) {
		return -1
	}
	n, ok := p.index[u]
	if !ok {
		n = int32(len(p.list))
		p.list = append(p.list, u)
		p.index[u] = n
	}
	return n
}

func (p *people) user(n int32) User {
	if n < 0 {
		return User{}
	}
	return p.list[n]
}

func (m *module) has(id int64) bool {
	_, ok := slices.BinarySearch(m.ids, id)
	return ok
}

// title is the record's name, made up where none was given.
func (m *module) title(id int64) string {
	if h := m.held[id]; h != nil && h.Name != "" {
		return h.Name
	}
	if name, ok := m.names[id]; ok {
		return name
	}
	return fmt.Sprintf("%s %04d (Sample)", m.name, id%10_000)
}

func (o *Org) addModule(name string, cfg Module) *module {
	m := &module{
		Module: cfg, name: name, order: int64(len(o.modules) + 1),
		names: map[int64]string{}, locks: map[int64]row{}, converted: map[int64]bool{},
		fields: fieldsOf(name, cfg.Fields), held: map[int64]*held{},
	}
	o.modules[name] = m
	return m
}

// seed reads the configured records once.
func (o *Org) seed() error {
	if o.cfg.Records != nil {
		n := 0
		for rec := range o.cfg.Records {
			n++
			if err := o.seedRecord(rec); err != nil {
				return fmt.Errorf("record %d: %w", n, err)
			}
		}
	}
	for _, m := range o.modules {
		slices.Sort(m.ids)
		m.ids = slices.Clip(slices.Compact(m.ids))
	}
	return nil
}

func (o *Org) seedRecord(rec Record) error {
	id, err := strconv.ParseInt(rec.ID, 10, 64)
	if err != nil || id < 0 || !digits(rec.ID) {
		return fmt.Errorf("id %.40q is not 1 to 19 digits that fit int64", rec.ID)
	}
	m, ok := o.modules[rec.Module]
	if !ok && o.cfg.Modules != nil {
		return nil
	}
	if !ok {
		m = o.addModule(rec.Module, Module{})
	}
	lock, exists := rec.Lock, true
	if o.cfg.ByID {
		lock, exists = agreedStart(id, o.cfg.Me, lock)
	}
	if !exists {
		return nil
	}
	m.ids = append(m.ids, id)
	if rec.Name != "" {
		m.names[id] = rec.Name
	}
	if rec.Converted {
		m.converted[id] = true
	}
	if err := m.seedFields(id, rec.Fields); err != nil {
		return err
	}
	return o.seedLock(key{m, id}, lock)
}

func (o *Org) seedLock(k key, l *Lock) error {
	if l == nil {
		delete(k.m.locks, k.id)
		return nil
	}
	o.seeded++
	id := seededLockIDs + o.seeded
	if l.ID != "" {
		n, err := strconv.ParseInt(l.ID, 10, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("lock id %.40q is not a number that fits int64", l.ID)
		}
		id = n
	}
	if l.Source != "" && sourceNumber(l.Source) < 0 {
		return fmt.Errorf("lock source %.40q is none of Manual, Automatic, Both", l.Source)
	}
	lock := *l
	if lock.By == (User{}) {
		lock.By = o.cfg.Me
	}
	k.m.locks[k.id] = o.row(lock, id, o.epoch.AddDate(0, 0, -30))
	return nil
}

// row makes a kept lock of l, with id, at the time given unless l has its own.
func (o *Org) row(l Lock, id int64, at time.Time) row {
	if !l.At.IsZero() {
		at = l.At
	}
	r := row{id: id, at: at.Unix(), reason: l.Reason, by: o.people.number(l.By), source: uint8(max(0, sourceNumber(l.Source)))}
	if l.Source == Automatic {
		r.reason, r.by = "", -1
	}
	return r
}

// lock is the row as others see it.
func (o *Org) lock(r row) Lock {
	return Lock{
		ID: strconv.FormatInt(r.id, 10), Reason: r.reason, Source: r.from(),
		By: o.people.user(r.by), At: time.Unix(r.at, 0).UTC(),
	}
}

// holder is the id of the user whose lock it is; empty when nobody's.
func (o *Org) holder(r row, locked bool) string {
	if !locked {
		return ""
	}
	return o.people.user(r.by).ID
}

// holderOf is the holder of the lock on the record that c is about.
func (o *Org) holderOf(c *call) string {
	m, id, ok := o.find(c.module, c.id)
	if !ok {
		return ""
	}
	r, locked := m.locks[id]
	return o.holder(r, locked)
}

func (o *Org) newLockID() int64 {
	o.made++
	return madeLockIDs + o.made
}

func (r row) from() Source {
	return [...]Source{Manual, Automatic, Both}[r.source]
}

func sourceNumber(s Source) int {
	return slices.Index([]Source{Manual, Automatic, Both}, s)
}

// digits reports whether s is a number as Zoho's paths take it.
func digits(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
