package cli

import (
	"context"
	"path/filepath"
	"time"

	"zlock/checkpoint"
	"zlock/zoho"
)

// purse is what the org has spent in 24 hours from whatever checkpoint.
func (p place) purse(key string) checkpoint.Purse {
	return checkpoint.NewPurse(filepath.Join(p.orgDir(key), "credits"))
}

const (
	coverLeast = 500              // credits that others are told of before they are spent
	coverLook  = 30 * time.Second // how often a run looks what others have spent meanwhile
)

// cover tells other processes of the org what this sitting spends, a little ahead of its spending: they
// are never told of less than was sent, even if this process dies. It is used from one goroutine.
type cover struct {
	purse   checkpoint.Purse
	db      *checkpoint.DB
	key     string // of the org
	limiter *zoho.Limiter
	now     func() time.Time
	failed  func(error)

	name   string
	slack  int // calls that may leave before it is looked at again
	upTo   int // what the limiter may have spent before more is to be told
	looked time.Time
}

// begin tells of the first credits, and the limiter of what others have spent.
func (c *cover) begin(ctx context.Context) {
	var err error
	if c.name, err = c.db.Name(ctx); err != nil {
		c.failed(err)
		return
	}
	c.look()
	c.tell(ctx, coverLeast)
}

// keep is called after each commit.
func (c *cover) keep(ctx context.Context) {
	if c.name == "" {
		return
	}
	if c.limiter.Snapshot().Credits+c.slack > c.upTo {
		c.tell(ctx, coverLeast+c.slack)
	}
	if c.now().Sub(c.looked) >= coverLook {
		c.look()
	}
}

// end tells of what was really spent.
func (c *cover) end(ctx context.Context) {
	if c != nil && c.name != "" {
		c.tell(ctx, 0)
	}
}

func (c *cover) tell(ctx context.Context, ahead int) {
	used, now := c.limiter.Snapshot().Credits, c.now()
	all, err := c.db.Spent(ctx, c.key, now)
	if err == nil {
		err = c.purse.Publish(c.name, append(all, checkpoint.Spend{At: now, Credits: ahead}), now)
	}
	if err != nil {
		c.failed(err)
		return
	}
	c.upTo = used + ahead
}

func (c *cover) look() {
	c.looked = c.now()
	others, err := c.purse.Others(c.name, c.looked)
	if err != nil {
		c.failed(err)
		return
	}
	c.limiter.Elsewhere(spends(others))
}

// coverOf is the cover of this sitting; a rehearsal spends nothing that others would miss.
func (s *sitting) coverOf() *cover {
	return &cover{
		purse: s.place.purse(s.org.key), db: s.db, key: s.org.key, limiter: s.limiter, now: s.world.Now,
		slack: 8 * int(s.pace.concurrency),
		failed: func(err error) {
			s.log.Warn("what other processes of the org spend is not known, or not told", "error", err)
		},
	}
}
