package sim

import (
	"errors"
	"maps"
	"slices"
	"strconv"
)

// upheaval is a change to more than one record's lock: to a module's
// configuration, to records and their fields, and to the locks that rules make
// and lift on the way.
type upheaval struct {
	module   *module        // whose configuration changes; nil: none's
	settings *configuration // what it becomes; nil: it has none any more
	records  []*recordChange
}

// recordChange is what becomes of one record.
type recordChange struct {
	key
	made, gone bool
	converted  bool
	held       *held // what is known of it; nil: as before
	lock       *row  // the lock that it gets; nil: as before
	freed      bool  // its lock is lifted
}

func (u *upheaval) apply() {
	if u.module != nil {
		u.module.setConfiguration(u.settings)
		if u.settings == nil {
			clear(u.module.locks) // they were made under the configuration
		}
	}
	for _, c := range u.records {
		c.apply()
	}
}

func (c *recordChange) apply() {
	m, id := c.m, c.id
	if at, there := slices.BinarySearch(m.ids, id); c.made && !there {
		m.ids = slices.Insert(m.ids, at, id)
	} else if c.gone && there {
		m.ids = slices.Delete(m.ids, at, at+1)
	}
	if c.held != nil {
		m.held[id] = c.held
	}
	if c.converted {
		m.converted[id] = true
	}
	if c.lock != nil {
		m.locks[id] = *c.lock
	}
	if c.freed || c.gone {
		delete(m.locks, id)
	}
	if c.gone {
		delete(m.held, id)
		delete(m.names, id)
		delete(m.converted, id)
	}
}

// events are the changes to locks that come of u, to be logged; they must be
// asked for before u is applied.
func (u *upheaval) events(o *Org, op Op) []Event {
	var list []Event
	if u.module != nil && u.settings == nil {
		for _, id := range slices.Sorted(maps.Keys(u.module.locks)) {
			list = append(list, o.lockEvent(key{u.module, id}, op, u.module.locks[id], nil))
		}
	}
	for _, c := range u.records {
		before, locked := c.m.locks[c.id]
		switch {
		case c.gone && locked:
			list = append(list, o.lockEvent(c.key, op, before, nil))
		case c.freed && locked:
			list = append(list, o.lockEvent(c.key, OpRule, before, nil))
		case c.lock != nil:
			list = append(list, o.lockEvent(c.key, OpRule, before, c.lock))
		}
	}
	return list
}

// lockEvent is the event of a lock's becoming after; nil for none. A before
// without an id is none either.
func (o *Org) lockEvent(k key, op Op, before row, after *row) Event {
	e := Event{Op: op, Module: k.m.name, ID: k.text(), Applied: true, Holder: o.holder(before, before.id != 0)}
	if after != nil {
		before, e.Reason = *after, after.reason
	}
	e.LockID = o.lock(before).ID
	if op != OpRule {
		e.Actor = o.cfg.Me.ID
	}
	return e
}

// keptWide is an upheaval in the journal.
type keptWide struct {
	Module  string         `json:"module,omitempty"` // whose configuration changed
	Config  *configuration `json:"configuration,omitempty"`
	Records []keptRecord   `json:"records,omitempty"`
}

type keptRecord struct {
	Module    string    `json:"module"`
	ID        string    `json:"id"`
	Made      bool      `json:"made,omitempty"`
	Gone      bool      `json:"gone,omitempty"`
	Converted bool      `json:"converted,omitempty"`
	Held      *held     `json:"held,omitempty"`
	Lock      *keptLock `json:"lock,omitempty"`
	Freed     bool      `json:"freed,omitempty"`
}

func (u *upheaval) kept(o *Org) *keptWide {
	k := &keptWide{Config: u.settings}
	if u.module != nil {
		k.Module = u.module.name
	}
	for _, c := range u.records {
		r := keptRecord{
			Module: c.m.name, ID: c.text(), Made: c.made, Gone: c.gone, Converted: c.converted, Held: c.held, Freed: c.freed,
		}
		if c.lock != nil {
			r.Lock = o.kept(*c.lock)
		}
		k.Records = append(k.Records, r)
	}
	return k
}

// restoreWide makes an upheaval of the journal true again. Modules that are no
// longer there are passed over.
func (o *Org) restoreWide(k *keptWide) error {
	u := upheaval{module: o.modules[k.Module], settings: k.Config}
	o.numbered(k.Config)
	for _, r := range k.Records {
		m, ok := o.modules[r.Module]
		id, err := strconv.ParseInt(r.ID, 10, 64)
		if err != nil {
			return errors.New("it does not hold a record")
		}
		if !ok {
			continue
		}
		c := &recordChange{key: key{m, id}, made: r.Made, gone: r.Gone, converted: r.Converted, held: r.Held, freed: r.Freed}
		if r.Lock != nil {
			lock, err := o.rowKept(r.Lock)
			if err != nil {
				return err
			}
			c.lock = &lock
		}
		if r.Made {
			o.born = max(o.born, id-madeRecordIDs)
		}
		u.records = append(u.records, c)
	}
	u.apply()
	return nil
}

// numbered notes the ids that s uses up.
func (o *Org) numbered(s *configuration) {
	if s == nil {
		return
	}
	ids := []string{s.ID}
	for _, r := range s.Rules {
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			o.settled = max(o.settled, n-madeConfigIDs)
		}
	}
}

// events are the changes to locks, besides the one that the call itself asked
// for, that come of c.
func (c *change) events(o *Org, op Op) []Event {
	if c == nil || c.wide == nil {
		return nil
	}
	return c.wide.events(o, op)
}
