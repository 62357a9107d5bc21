package sim

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// How much of its state the page shows.
const (
	shownLocks  = 200
	shownEvents = 50
)

// pageState is what the page shows.
type pageState struct {
	Token       string        `json:"token"`
	Edition     string        `json:"edition"`
	Since       string        `json:"since"`
	Calls       int           `json:"calls"`
	InFlight    int           `json:"in_flight"`
	MaxInFlight int           `json:"max_in_flight"`
	Concurrency int           `json:"concurrency"` // 0: no limit
	Used        int           `json:"credits_used"`
	Credits     int           `json:"credits"` // 0: no limit
	Throttled   int           `json:"throttled"`
	Tokens      int           `json:"tokens"`
	Locked      int           `json:"locked"`
	Switches    Switches      `json:"switches"`
	Modules     []pageModule  `json:"modules"`
	Locks       []pageLock    `json:"locks"`
	Events      []pageEvent   `json:"events"` // newest first
	Faults      []pageStrikes `json:"faults"`
}

type pageModule struct {
	Name    string `json:"name"`
	Records int    `json:"records"`
	Locked  int    `json:"locked"`
}

type pageLock struct {
	Module string `json:"module"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Source Source `json:"source"`
	By     string `json:"by"`
	At     string `json:"at"`
}

type pageEvent struct {
	Seq     int64  `json:"seq"`
	At      string `json:"at"`
	Op      Op     `json:"op"`
	Module  string `json:"module"`
	ID      string `json:"id"`
	Status  int    `json:"status"` // 0: not answered
	Code    string `json:"code"`
	Applied bool   `json:"applied"`
	Fault   Kind   `json:"fault"`
}

type pageStrikes struct {
	Kind  Kind `json:"kind"`
	Times int  `json:"times"`
}

// Holding counts the records of one module.
type Holding struct {
	Module          string
	Records, Locked int
}

// Holdings counts the records and the locked ones of every module, by name.
func (o *Org) Holdings() []Holding {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []Holding
	for _, m := range o.sortedModules() {
		list = append(list, Holding{m.name, len(m.ids), len(m.locks)})
	}
	return list
}

// state is what the page shows now; the token lets it turn switches.
func (o *Org) state(token string) pageState {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gate.expire(o.now().Unix())
	stats := o.history.stats
	s := pageState{
		Token: token, Edition: o.cfg.Edition, Since: o.began.UTC().Format(time.RFC3339), Calls: stats.Calls,
		InFlight: o.gate.inFlight, MaxInFlight: stats.MaxInFlight, Concurrency: o.cfg.Concurrency,
		Used: o.gate.spent, Credits: o.cfg.Credits, Throttled: stats.Throttled, Tokens: stats.Tokens, Switches: o.switches,
		Modules: []pageModule{}, Locks: []pageLock{}, Events: []pageEvent{}, Faults: []pageStrikes{},
	}
	for _, m := range o.sortedModules() {
		s.Locked += len(m.locks)
		s.Modules = append(s.Modules, pageModule{m.name, len(m.ids), len(m.locks)})
		s.Locks = o.addLocks(s.Locks, m)
	}
	for _, kind := range slices.Sorted(maps.Keys(stats.Faults)) {
		s.Faults = append(s.Faults, pageStrikes{kind, stats.Faults[kind]})
	}
	kept := o.history.events
	for i := len(kept) - 1; i >= max(0, len(kept)-shownEvents); i-- {
		s.Events = append(s.Events, kept[i].shown())
	}
	return s
}

// addLocks adds locks of the module until there are as many as the page shows.
func (o *Org) addLocks(list []pageLock, m *module) []pageLock {
	if len(m.locks) == 0 || len(list) == shownLocks {
		return list
	}
	for _, id := range m.between(0, m.ids[len(m.ids)-1], true) {
		r, locked := m.locks[id]
		if !locked {
			continue
		}
		l := o.lock(r)
		list = append(list, pageLock{
			Module: m.name, ID: strconv.FormatInt(id, 10), Name: m.title(id), Reason: l.Reason, Source: l.Source,
			By: l.By.Name, At: l.At.Format(time.RFC3339),
		})
		if len(list) == shownLocks {
			break
		}
	}
	return list
}

func (e Event) shown() pageEvent {
	return pageEvent{
		Seq: e.Seq, At: e.At.UTC().Format("15:04:05.000"), Op: e.Op, Module: e.Module, ID: e.ID,
		Status: e.Status, Code: e.Code, Applied: e.Applied, Fault: e.Fault,
	}
}
