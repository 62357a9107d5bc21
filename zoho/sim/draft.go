package sim

import "slices"

// madeRecordIDs is below the ids of records made here.
const madeRecordIDs = 5843104800000000000

// draft is what a call would do to records, before it is made true. Later rows
// of a call see what earlier ones did.
type draft struct {
	o       *Org
	changed map[key]*recordChange
	order   []*recordChange
	rules   map[*module][]matcher
}

func (o *Org) newDraft() *draft {
	return &draft{o: o, changed: map[key]*recordChange{}, rules: map[*module][]matcher{}}
}

// change is what the draft has done; nil where that is nothing.
func (d *draft) change() *change {
	if len(d.order) == 0 {
		return nil
	}
	return &change{wide: &upheaval{records: d.order}}
}

// of is the change to a record, begun if there is none yet.
func (d *draft) of(k key) *recordChange {
	c, ok := d.changed[k]
	if !ok {
		c = &recordChange{key: k}
		d.changed[k] = c
		d.order = append(d.order, c)
	}
	return c
}

func (d *draft) exists(k key) bool {
	if c := d.changed[k]; c != nil && (c.made || c.gone) {
		return c.made && !c.gone
	}
	return k.m.has(k.id)
}

func (d *draft) heldOf(k key) *held {
	if c := d.changed[k]; c != nil && c.held != nil {
		return c.held
	}
	return k.m.held[k.id]
}

func (d *draft) lockOf(k key) (row, bool) {
	if c := d.changed[k]; c != nil && (c.lock != nil || c.freed) {
		if c.freed {
			return row{}, false
		}
		return *c.lock, true
	}
	r, locked := k.m.locks[k.id]
	return r, locked
}

// make is a new record of the module.
func (d *draft) make(m *module) *recordChange {
	d.o.born++
	c := d.of(key{m, madeRecordIDs + d.o.born})
	c.made = true
	return c
}

// touch makes h what is known of the record, as changed now, and asks the rules anew.
func (d *draft) touch(k key, h *held) {
	h.Modified = d.o.now().Unix()
	d.of(k).held = h
	d.applyRules(k)
}

// applyRules locks the record if it meets a rule and lifts the lock of rules if
// it meets none any more. (That Zoho lifts it then is inferred: such a lock
// cannot be taken away by hand.)
func (d *draft) applyRules(k key) {
	rules, ok := d.rules[k.m]
	if !ok {
		rules = d.o.matchers(k.m, k.m.settings)
		d.rules[k.m] = rules
	}
	h := d.heldOf(k)
	var met []int64
	for _, r := range rules {
		if r.meets(k, h) {
			met = append(met, r.id)
		}
	}
	before, locked := d.lockOf(k)
	after, kept := d.o.underRules(before, locked, met)
	switch {
	case locked && !kept:
		c := d.of(k)
		c.lock, c.freed = nil, true
	case kept && (!locked || after != before):
		c := d.of(k)
		c.lock, c.freed = &after, false
	}
}

// underRules is the lock of a record that meets these rules, and whether it has one.
func (o *Org) underRules(before row, locked bool, met []int64) (row, bool) {
	after := before
	switch {
	case !locked && len(met) == 0:
		return row{}, false
	case !locked:
		after = o.row(Lock{Source: Automatic}, o.newLockID(), o.now())
		after.rule = met[0]
	case len(met) == 0 && before.from() == Automatic:
		return row{}, false
	case len(met) == 0:
		after.source, after.rule = uint8(sourceNumber(Manual)), 0
	case before.from() == Manual:
		after.source, after.rule = uint8(sourceNumber(Both)), met[0]
	case !slices.Contains(met, before.rule):
		after.rule = met[0]
	}
	return after, true
}

// lockExisting locks the records that meet a rule which wants the existing ones locked too.
func (d *draft) lockExisting(m *module, s *configuration) {
	eager := configuration{LockType: s.LockType}
	for _, r := range s.Rules {
		if r.Existing {
			eager.Rules = append(eager.Rules, r)
		}
	}
	rules := d.o.matchers(m, &eager)
	if len(rules) == 0 {
		return
	}
	for _, id := range m.ids {
		k := key{m, id}
		if i := slices.IndexFunc(rules, func(r matcher) bool { return r.meets(k, m.held[id]) }); i >= 0 {
			d.lockBy(k, rules[i].id)
		}
	}
}

// lockBy adds a rule's lock to whatever lock the record has, unless that is a rule's already.
func (d *draft) lockBy(k key, rule int64) {
	before, locked := d.lockOf(k)
	if locked && before.from() != Manual {
		return
	}
	if after, kept := d.o.underRules(before, locked, []int64{rule}); kept {
		d.of(k).lock = &after
	}
}
