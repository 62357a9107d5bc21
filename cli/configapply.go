package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zlock/zoho"
)

// editing reads what is asked for and gets ready for the calls. What is wrong with it by itself is told
// before any.
func (a *app) editing(ctx context.Context, flags flagSource, module, command string) (*configuring, zoho.Configuration, error) {
	edit, given, err := a.editTyped(flags)
	var faulty *zoho.ConfigurationError
	switch {
	case err != nil && !errors.As(err, &faulty):
		return nil, edit, err
	case err == nil && !given:
		return nil, edit, usage("config "+command+": nothing is asked for", "give -f FILE, or flags such as --lock-type both; zlock config "+command+" --help")
	}
	c, err := a.configuring(ctx, flags, module)
	if err != nil {
		return nil, edit, err
	}
	faults := wrongAnyhow(edit)
	if faulty != nil {
		faults = faulty.Faults
	}
	if len(faults) > 0 {
		c.end()
		return nil, edit, c.refuse(faults)
	}
	return c, edit, nil
}

// wrongAnyhow are the faults of an edit that no configuration it is put into could make good.
func wrongAnyhow(edit zoho.Configuration) []zoho.ConfigurationFault {
	faults := slices.DeleteFunc(edit.Check(), func(f zoho.ConfigurationFault) bool {
		missing := f.Code == "MANDATORY_NOT_FOUND" && !strings.Contains(f.Key, ".criteria.")
		return missing || f.Code == "DEPENDENT_FIELD_MISSING"
	})
	if len(faults) > 0 {
		faults = append(strangeKeys(nil, edit, func(string) {}), faults...)
	}
	return faults
}

func (a *app) configUpdate(ctx context.Context, flags flagSource, module string) (err error) {
	c, edit, err := a.editing(ctx, flags, module, "update")
	if err != nil {
		return err
	}
	defer c.end()
	now, err := c.get(ctx)
	switch {
	case err != nil:
		return err
	case now == nil:
		return usage(c.module+" has no record locking configuration to update",
			"give it one: "+c.place.command("config", "create", c.module))
	case edit.ID != "" && edit.ID != now.ID:
		return usage(fmt.Sprintf("the file is about configuration %s, and that of %s is %s", clean(edit.ID), c.module, clean(now.ID)),
			"check the module; or take the key id out of the file")
	}
	m, err := c.merge(ctx, now, edit)
	if err != nil {
		return err
	}
	changes := diffConfigurations(*now, m.want)
	if len(changes) == 0 {
		return c.conclude("unchanged", now, "%s is as wanted already: nothing to change, nothing was sent", c.module)
	}
	c.show(fmt.Sprintf("%s: configuration %s", c.module, clean(now.ID)), changes)
	if c.dryRun {
		return c.conclude("planned", now, "%s of %s would change; nothing was sent", counted(int64(len(changes)), "thing", "things"), c.module)
	}
	if err := c.confirm(ctx, fmt.Sprintf("Change the configuration of %s at %s?", c.module, c.org.describe())); err != nil {
		return err
	}
	err = c.send(ctx, func(ctx context.Context) error {
		_, err := c.client.UpdateConfiguration(ctx, c.module, m.send)
		return err
	})
	return c.finish(ctx, "updated", m.want, err)
}

func (a *app) configCreate(ctx context.Context, flags flagSource, module string) (err error) {
	c, edit, err := a.editing(ctx, flags, module, "create")
	if err != nil {
		return err
	}
	defer c.end()
	edit = withoutIDs(edit)
	if faults := edit.Check(); len(faults) > 0 {
		return c.refuse(faults)
	}
	now, err := c.get(ctx)
	if err != nil {
		return err
	}
	if now != nil {
		return usage(fmt.Sprintf("%s has a record locking configuration already (%s, lock_type %s)", c.module, clean(now.ID), clean(now.LockType)),
			"change it: "+c.place.command("config", "update", c.module))
	}
	m, err := c.merge(ctx, nil, edit)
	if err != nil {
		return err
	}
	changes := diffConfigurations(zoho.Configuration{}, m.want)
	c.show(c.module+": a new configuration", changes)
	if c.dryRun {
		return c.conclude("planned", nil, "%s would get a configuration; nothing was sent", c.module)
	}
	if err := c.confirm(ctx, fmt.Sprintf("Give %s at %s this configuration?", c.module, c.org.describe())); err != nil {
		return err
	}
	err = c.send(ctx, func(ctx context.Context) error {
		_, err := c.client.CreateConfiguration(ctx, c.module, m.send)
		return err
	})
	return c.finish(ctx, "created", m.want, err)
}

func (a *app) configDelete(ctx context.Context, flags flagSource, module string) (err error) {
	c, err := a.configuring(ctx, flags, module)
	if err != nil {
		return err
	}
	defer c.end()
	now, err := c.get(ctx)
	if err != nil {
		return err
	}
	if now == nil {
		return c.conclude("unchanged", nil, "%s has no record locking configuration: nothing was sent", c.module)
	}
	c.show(fmt.Sprintf("%s: configuration %s", c.module, clean(now.ID)), diffConfigurations(*now, zoho.Configuration{}))
	if c.dryRun {
		return c.conclude("planned", now, "the configuration of %s would be deleted; nothing was sent", c.module)
	}
	if err := c.confirm(ctx, fmt.Sprintf("Delete the configuration of %s at %s?", c.module, c.org.describe())); err != nil {
		return err
	}
	err = c.send(ctx, func(ctx context.Context) error { return c.client.DeleteConfiguration(ctx, c.module, now.ID) })
	if err != nil && !c.lost(err) {
		return err
	}
	if err != nil { // the answer was lost: look
		left, lookErr := c.get(ctx)
		if lookErr != nil || left != nil {
			return err
		}
	}
	c.answer.ConfigurationID = &now.ID
	return c.conclude("deleted", nil, "the configuration of %s is deleted", c.module)
}

// withoutIDs leaves out what another configuration was known by.
func withoutIDs(edit zoho.Configuration) zoho.Configuration {
	edit.ID = ""
	rules := make([]zoho.Rule, 0, len(edit.Rules))
	for _, r := range edit.Rules {
		if !r.Delete {
			r.ID = ""
			rules = append(rules, r)
		}
	}
	if edit.Rules != nil {
		edit.Rules = rules
	}
	return edit
}

// merge says what the edit makes of the configuration there is, or why that cannot be sent.
func (c *configuring) merge(ctx context.Context, now *zoho.Configuration, edit zoho.Configuration) (merged, error) {
	m := mergeConfiguration(now, edit)
	faults := append(m.faults, strangeKeys(now, edit, func(key string) {
		c.screen.warn("%s is not a key that Zoho documents; it is sent as it stands", clean(key))
	})...)
	faults = append(faults, staleIDs(now, edit)...)
	if faults = append(faults, m.send.Check()...); len(faults) > 0 {
		return m, c.refuse(faults)
	}
	if faults = c.nameProfiles(ctx, &m); len(faults) > 0 {
		return m, c.refuse(faults)
	}
	return m, nil
}

// strangeKeys finds keys that Zoho's page does not know. One that is near a known one is a fault; others
// are told of, unless Zoho itself sent them.
func strangeKeys(now *zoho.Configuration, edit zoho.Configuration, tell func(key string)) (faults []zoho.ConfigurationFault) {
	sent := map[string]bool{}
	if now != nil {
		eachExtra(*now, func(_, key string) { sent[key] = true })
	}
	eachExtra(edit, func(at, key string) {
		switch near := nearest(key, zoho.ConfigurationKeys()); {
		case sent[key]:
		case near != "":
			faults = append(faults, zoho.ConfigurationFault{Key: at + "." + key, Code: "INVALID_DATA", What: "is not a key; did you mean " + near + "?"})
		default:
			tell(at + "." + key)
		}
	})
	return faults
}

// nameProfiles finds the ids of profiles that were named, which is what Zoho goes by. Where the list cannot
// be read, the names go out as they are.
func (c *configuring) nameProfiles(ctx context.Context, m *merged) (faults []zoho.ConfigurationFault) {
	if !slices.ContainsFunc(m.send.Profiles, func(r zoho.Ref) bool { return r.ID == "" }) {
		return nil
	}
	var profiles []zoho.Profile
	err := c.ask(ctx, func(ctx context.Context) (err error) {
		profiles, err = c.client.Profiles(ctx)
		return err
	})
	if err != nil {
		c.screen.warn("the ids of profiles are not known, their names are sent: %v", clean(err.Error()))
		return nil
	}
	named := slices.Clone(m.send.Profiles)
	for i, r := range named {
		if r.ID != "" {
			continue
		}
		name := orElse(r.Name, r.APIName)
		at := slices.IndexFunc(profiles, func(p zoho.Profile) bool { return p.Name == name })
		if at < 0 {
			faults = append(faults, zoho.ConfigurationFault{
				Key:  fmt.Sprintf("%s.lock_excluded_profiles[%d].name", configKey, i),
				Code: "INVALID_DATA", What: "no profile is called " + quoted(name) + didYouMean(name, profileNames(profiles))})
			continue
		}
		named[i].ID, named[i].Name = profiles[at].ID, profiles[at].Name
	}
	m.send.Profiles, m.want.Profiles = named, named
	return faults
}

func profileNames(profiles []zoho.Profile) []string {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = p.Name
	}
	return names
}

// lost reports an error that leaves open whether Zoho has acted.
func (c *configuring) lost(err error) bool {
	var e *zoho.Error
	return errors.As(err, &e) && e.Phase == zoho.PhaseOpen
}

// finish reads back what Zoho made of a change, and tells where that is not what was wanted.
func (c *configuring) finish(ctx context.Context, result string, want zoho.Configuration, sent error) error {
	if sent != nil && !c.lost(sent) {
		return sent
	}
	is, err := c.get(ctx)
	switch {
	case err != nil && sent != nil, sent == nil && is == nil && err == nil, sent != nil && is == nil:
		c.screen.warn("whether Zoho has taken the configuration is not known: %s shows", c.place.command("config", "get", c.module))
		return errors.Join(sent, err)
	case err != nil:
		c.screen.warn("Zoho has taken the configuration, but it could not be read back: %s", clean(err.Error()))
		return c.conclude(result, nil, "the configuration of %s is %s", c.module, result)
	}
	differs := diffConfigurations(want, *is)
	differs = slices.DeleteFunc(differs, func(d configChange) bool { return unasked(want, d) })
	if sent != nil && len(differs) > 0 {
		return sent
	}
	c.answer.Differs = append(c.answer.Differs, differs...)
	for _, d := range differs {
		c.screen.warn("Zoho has it otherwise: %s", clean(d.line()))
	}
	return c.conclude(result, is, "the configuration of %s is %s", c.module, result)
}

// unasked reports a difference that nobody asked about: what Zoho fills in by itself, and the order to
// lock what is there, which is carried out rather than kept.
func unasked(want zoho.Configuration, d configChange) bool {
	if d.Key == "locking_rules.lock_existing_records" {
		return true
	}
	said := map[string]bool{
		"locked_for": want.LockedFor != "", "lock_for_portal_users": want.PortalUsers != nil, "feature_type": want.FeatureType != "",
		"restricted_actions": want.Actions != nil, "restricted_communications": want.Communications != nil,
		"lock_excluded_profiles": want.Profiles != nil, "excluded_fields": want.Fields != nil, "restricted_custom_buttons": want.Buttons != nil,
		"lock_type": true, "locking_rules": true, "locking_rules.name": true, "locking_rules.criteria": true,
	}
	known, ours := said[d.Key]
	if !ours { // a key beyond Zoho's page
		_, asked := want.Extra[d.Key]
		return !asked
	}
	return !known
}
