package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"zlock/zoho"
)

// noRecord is the id of no record: asked for the locks of that, Zoho says whether it may be asked.
const noRecord = "1"

// each looks at the modules that were named.
func (c *checkup) each(ctx context.Context) bool {
	defer func() { c.module = "" }()
	for _, module := range c.modules {
		c.module = module
		fails := c.count(levelFail)
		if !c.locking(ctx) {
			return false
		}
		if c.count(levelFail) == fails && !c.reading(ctx) {
			return false
		}
	}
	return true
}

// locking looks at the module's configuration.
func (c *checkup) locking(ctx context.Context) bool {
	var found *zoho.Configuration
	err := c.inquiry.ask(ctx, func(ctx context.Context) (err error) {
		found, err = c.inquiry.client.GetConfiguration(ctx, c.module)
		return err
	})
	switch {
	case err != nil:
		return c.refusedModule("locking", err)
	case found == nil:
		c.fail(exitPerson, "locking", "set it up in Zoho CRM's setup: Customization, Modules and Fields, Record Locking",
			"record locking is not configured for this module")
		return true
	case found.LockType == zoho.LockAutomatic:
		c.fail(exitPerson, "locking", "set the module's record locking configuration to manual or both",
			"configured: by %s alone; nothing can be locked or unlocked by hand", counted(int64(len(found.Rules)), "rule", "rules"))
	case found.LockType == zoho.LockBoth:
		c.ok("locking", "configured: by hand, and by %s", counted(int64(len(found.Rules)), "rule", "rules"))
	default:
		c.ok("locking", "configured: by hand")
	}
	c.binding(found)
	return true
}

// binding says whether a lock keeps the signed-in user from editing.
func (c *checkup) binding(found *zoho.Configuration) {
	excluded := c.profile.String() != "" && slices.ContainsFunc(found.Profiles, c.profile.Same)
	switch {
	case found.LockedFor != zoho.ForAllButProfile:
		c.ok("binds", "everybody, the signed-in user too")
	case c.profile.String() == "":
		c.warn("binds", "grant the scope ZohoCRM.users.READ", "all but the profiles %s; which one the signed-in user has is not known", refs(found.Profiles))
	case excluded:
		c.warn("binds", "nothing, if that is meant: what is locked stays open to this user and all of that profile",
			"not the signed-in user: the profile %s is left out", c.profile)
	default:
		c.ok("binds", "the signed-in user; the profiles %s are left out", refs(found.Profiles))
	}
}

func refs(of []zoho.Ref) string {
	names := make([]string, len(of))
	for i, r := range of {
		names[i] = r.String()
	}
	return strings.Join(names, ", ")
}

// reading asks for the locks of a record that there is not: it is the same call that a run makes, and
// Zoho's complaint tells whether anything but the record stands in the way.
func (c *checkup) reading(ctx context.Context) bool {
	err := c.inquiry.ask(ctx, func(ctx context.Context) error {
		_, err := c.inquiry.client.ListLocks(ctx, zoho.Record{Module: c.module, ID: noRecord})
		return err
	})
	var e *zoho.Error
	if err == nil || errors.As(err, &e) && e.Kind == zoho.RecordUnknown {
		c.ok("reading", "locks can be read; whether they may be made is not known")
		return true
	}
	return c.refusedModule("reading", err)
}

// refusedModule notes what was refused about a module. What a run would meet as well fails, unless it is
// the configuration that may not be looked at: a run does not look at it.
func (c *checkup) refusedModule(check string, err error) bool {
	var e *zoho.Error
	if !errors.As(err, &e) {
		return c.refused(check, err)
	}
	switch e.Kind {
	case zoho.NoConfiguration, zoho.RelationMissing, zoho.NoEdition, zoho.ModuleUnknown, zoho.ModuleUnsupported, zoho.ProfileBarred:
	case zoho.ScopeMissing, zoho.NoPermission:
		if e.Op == zoho.OpGetConfiguration {
			return c.refused(check, err)
		}
	default:
		return c.refused(check, err)
	}
	c.fail(exitPerson, check, hintOf(e, c.module), "%s", e)
	return true
}

// probed reads the lock of the record that was named, alone and within a composite.
func (c *checkup) probed(ctx context.Context) bool {
	if c.probe == (zoho.Record{}) {
		return true
	}
	c.module = c.probe.Module
	defer func() { c.module = "" }()
	var locks []zoho.Lock
	err := c.inquiry.ask(ctx, func(ctx context.Context) (err error) {
		locks, err = c.inquiry.client.ListLocks(ctx, c.probe)
		return err
	})
	var e *zoho.Error
	switch {
	case errors.As(err, &e) && e.Kind == zoho.RecordUnknown:
		c.warn("probe", e.Hint, "%s", e)
		return true
	case err != nil:
		return c.refusedModule("probe", err)
	}
	c.probedLock(locks)
	return c.probedComposite(ctx)
}

func (c *checkup) probedLock(locks []zoho.Lock) {
	if len(locks) == 0 {
		c.ok("probe", "%s is not locked", c.probe.ID)
		return
	}
	switch lock := locks[0]; {
	case lock.Source == zoho.Automatic, lock.Source == zoho.Both:
		c.ok("probe", "%s is locked %s", c.probe.ID, sourceText(lock.Source))
	case !lock.Editable:
		c.warn("probe", "ask the CRM administrator for the right to lock and unlock records of this module",
			"%s is locked by hand, and this user may not change its lock", c.probe.ID)
	default:
		c.ok("probe", "%s is locked by hand, and this user may change its lock, as Zoho hints", c.probe.ID)
	}
}

// probedComposite finds out whether a composite takes reads of locks. A run finds out the rest by itself.
func (c *checkup) probedComposite(ctx context.Context) bool {
	var answers []zoho.PartAnswer
	err := c.inquiry.ask(ctx, func(ctx context.Context) (err error) {
		answers, err = c.inquiry.client.Composite(ctx, []zoho.Part{{Op: zoho.OpListLocks, Record: c.probe}})
		return err
	})
	if err == nil {
		err = answers[0].Err
	}
	var e *zoho.Error
	switch {
	case err == nil:
		c.ok("composite", "takes reads of locks; a run finds out by itself whether it takes changes too")
	case errors.As(err, &e) && e.Phase == zoho.PhaseDefinite:
		c.ok("composite", "not taken (%s): a run makes each call alone", strings.Trim(e.Code+": "+e.Message, ": "))
	default:
		c.warn("composite", "", "not known: %s", err)
	}
	return true
}
