package sim

import "time"

// slowBy is how much longer calls take while Switches.Slow is on.
const slowBy = 3 * time.Second

// Switches are troubles that can be turned on and off while the organisation serves. They strike
// calls to the API, not to the accounts server, and come before the faults of Config.Script. They
// do not outlive the process.
type Switches struct {
	Throttle bool `json:"throttle"` // every call is answered with 429
	Outage   bool `json:"outage"`   // every call is answered with a proxy's 503 page
	Slow     bool `json:"slow"`     // every call takes 3 seconds longer
}

// Switches returns which troubles are on.
func (o *Org) Switches() Switches {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.switches
}

// SetSwitches turns troubles on and off, from the next call on.
func (o *Org) SetSwitches(s Switches) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.switches = s
}

// RevokeTokens lets every access token die; refresh tokens stay good.
func (o *Org) RevokeTokens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens.live = nil
}

// turn turns one switch of the page; false when there is none of that name.
func (o *Org) turn(name string, on bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch name {
	case "throttle":
		o.switches.Throttle = on
	case "outage":
		o.switches.Outage = on
	case "slow":
		o.switches.Slow = on
	case "revoke":
		o.tokens.live = nil
	default:
		return false
	}
	return true
}

// trouble is what the switches have in store for c.
func (s Switches) trouble(c *call) trouble {
	switch {
	case !AnyOp.covers(c.op):
	case s.Outage:
		return trouble{kind: Outage}
	case s.Throttle:
		return trouble{kind: Throttle429}
	case s.Slow:
		return trouble{Slow, slowBy}
	}
	return trouble{}
}
