package sim

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Locking says how the records of a module may be locked.
type Locking int

// The ways. LockingBoth is the zero value.
const (
	LockingBoth      Locking = iota // by hand and by rules
	LockingManual                   // by hand only
	LockingAutomatic                // by rules only: locking through the API is refused
	NotConfigured                   // the module has no record locking configuration
	RelationMissing                 // locking was never configured in the organisation
	Unsupported                     // the module cannot be locked at all
)

// Composite says which locking calls a composite call takes.
type Composite int

// What it may take. CompositeNone is the zero value: every part is answered with NOT_SUPPORTED.
const (
	CompositeNone  Composite = iota
	CompositeReads           // looking locks up
	CompositeAll             // and making, changing and deleting them
)

// Module describes one module.
type Module struct {
	Locking Locking
	Custom  bool // made by the organisation's users

	// Configuration is the record locking configuration at the start, as one object
	// with the keys that Zoho's GET shows. When empty, one that suits Locking is made up;
	// when given, its lock_type counts and Locking does not.
	Configuration string

	// Fields are those that the module has besides the usual ones, at most 50.
	Fields []Field
}

// Standing is what the caller is allowed, changeable at any time by Org.SetStanding.
type Standing struct {
	EditionBarred    bool // the edition has no record locking
	ProfileBarred    bool // the caller's profile has none
	ScopeMissing     []Op // calls, or groups, that the token's scopes leave out
	PermissionDenied []Op // calls, or groups, that the caller's profile forbids

	Profile string // the caller's, by name or id; the first of Config.Profiles where there is none such
}

func (s Standing) copied() Standing {
	s.ScopeMissing = slices.Clone(s.ScopeMissing)
	s.PermissionDenied = slices.Clone(s.PermissionDenied)
	return s
}

func covered(ops []Op, op Op) bool {
	return slices.ContainsFunc(ops, func(o Op) bool { return o.covers(op) })
}

// SetStanding replaces what the caller is allowed, from the next call on.
func (o *Org) SetStanding(s Standing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stand = s.copied()
}

// Between returns a Config.Latency that lies between low and high, drawn from
// seed in the order of the calls. It is safe for concurrent use.
func Between(low, high time.Duration, seed uint64) func() time.Duration {
	var n atomic.Uint64
	return func() time.Duration {
		return low + time.Duration(chance(seed, n.Add(1))*float64(high-low))
	}
}

// Patricia is the colleague who also locks records in this organisation.
func Patricia() User { return User{ID: "5843104000000424672", Name: "Patricia Boyle"} }

func (c Config) check() error {
	for _, v := range []struct {
		what string
		n    int
	}{
		{"concurrency", c.Concurrency}, {"other users", c.OtherUsers}, {"credits", c.Credits}, {"log limit", c.LogLimit},
		{"most ids", c.MaxIDs}, {"token limit", c.Tokens.Limit}, {"live tokens", c.Tokens.Live},
	} {
		if v.n < 0 {
			return fmt.Errorf("%s must not be negative, and is %d", v.what, v.n)
		}
	}
	if c.Tokens.TTL < 0 || c.Tokens.Window < 0 {
		return errors.New("a token's life and the token window must not be negative")
	}
	for name, m := range c.Modules {
		if len(m.Fields) > maxOwnFields {
			return fmt.Errorf("module %s has %d fields of its own, and may have %d", name, len(m.Fields), maxOwnFields)
		}
	}
	for i, f := range c.Script {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %d of the script: %w", i+1, err)
		}
	}
	return nil
}

func (c Config) filled() Config {
	if c.Me == (User{}) {
		c.Me = User{ID: "5843104000000420001", Name: "Lena Hart"}
	}
	c.Company = c.Company.filled()
	if c.Edition == "" {
		c.Edition = "enterprise"
	}
	if c.MaxIDs == 0 {
		c.MaxIDs = maxIDs
	}
	if c.LogLimit == 0 {
		c.LogLimit = 100_000
	}
	if len(c.Profiles) == 0 {
		c.Profiles = usualProfiles()
	}
	if c.Buttons == nil {
		c.Buttons = usualButtons()
	}
	c.Script = slices.Clone(c.Script)
	c.Tokens = c.Tokens.filled()
	return c
}

func (c Company) filled() Company {
	if c.ID == "" {
		c.ID = "5843104000000020005"
	}
	if c.Number == "" {
		c.Number = "58431040"
	}
	if c.Name == "" {
		c.Name = "Simulated Organisation"
	}
	return c
}
