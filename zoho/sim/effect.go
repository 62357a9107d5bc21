package sim

import "slices"

// binds reports whether the locks of the module keep the caller from anything.
func (o *Org) binds(m *module) bool {
	if m.settings == nil {
		return false
	}
	mine := o.myProfile()
	return m.settings.LockedFor != exceptProfiles ||
		!slices.ContainsFunc(m.settings.Profiles, func(p named) bool { return p.ID == mine.ID })
}

// lockedForMe reports whether the record is locked for the caller.
func (o *Org) lockedForMe(k key) bool {
	_, locked := k.m.locks[k.id]
	return locked && o.binds(k.m)
}

// barred reports whether a lock keeps the caller from the action on the record.
func (d *draft) barred(k key, action string) bool {
	_, locked := d.lockOf(k)
	return locked && d.o.binds(k.m) && slices.Contains(k.m.settings.Actions, action)
}

// free reports whether the field may be changed whatever the lock.
func (m *module) free(field string) bool {
	return slices.ContainsFunc(m.settings.ExcludedFields, func(f fieldRef) bool { return f.Name == field })
}

const (
	lockedSorry = "Sorry, you cannot perform this operation as the record is locked."
	lockedPlain = "You cannot perform this operation as the record is locked."
)

// recordLocked is what Zoho says of a locked record that was named by its id.
func recordLocked(k key, message string) envelope {
	return envelope{"RECORD_LOCKED", object{"action": featureType, "id": k.text()}, message, "error"}
}
