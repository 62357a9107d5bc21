package sim

import "strconv"

// upheaval is a change to more than one record's lock.
type upheaval struct {
	module   *module
	settled  bool           // settings is what the module's configuration becomes
	settings *configuration // nil: it has none any more
}

func (u *upheaval) apply() {
	if u.settled {
		u.module.setConfiguration(u.settings)
		if u.settings == nil {
			clear(u.module.locks) // they were made under the configuration
		}
	}
}

// keptMore is an upheaval in the journal.
type keptMore struct {
	Module  string         `json:"module"`
	Settled bool           `json:"settled,omitempty"`
	Config  *configuration `json:"configuration,omitempty"`
}

func (u *upheaval) kept() *keptMore {
	return &keptMore{Module: u.module.name, Settled: u.settled, Config: u.settings}
}

// restoreMore makes an upheaval of the journal true again.
func (o *Org) restoreMore(k *keptMore) error {
	m, ok := o.modules[k.Module]
	if !ok {
		return nil
	}
	u := &upheaval{module: m, settled: k.Settled, settings: k.Config}
	o.numbered(k.Config)
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
