package batch

import (
	"context"
	"sync"
	"time"

	"zlock/zoho"
)

// What is done where the question who is signed in gets answers that are none.
const (
	inquiries     = 3                // until nobody asks for a while
	inquiriesMost = 9                // until nobody asks any more
	hush          = 10 * time.Second // how long a while is
)

// identity is what a run knows of who is signed in.
type identity struct {
	mu     sync.Mutex
	me     zoho.User
	asking chan struct{} // closed when the question has been answered; nil when nobody asks
	barred bool          // Zoho won't say: it refused, for want of scope or permission

	unheard int       // answers that could not be used
	last    error     // the last of them
	askAt   time.Time // not to be asked again before
}

// learn keeps who we are, from the first answer that says so.
func (r *Runner) learn(u zoho.User) {
	r.mu.Lock()
	known := r.me.ID != "" || u.ID == ""
	if !known {
		r.me = u
	}
	r.mu.Unlock()
	if !known && r.options.Learn != nil {
		r.options.Learn(u)
	}
}

// who says who we are, asking Zoho where no answer has said so yet: one row asks and pays, the others
// wait for it. Refused for want of scope or permission, nobody is known, and nobody asks again. The
// error is a passing one; while nobody is to ask it is the last there was.
func (r *Runner) who(ctx context.Context, j *job) (zoho.User, error) {
	for {
		asking, mine, err := r.inquiry()
		if asking == nil {
			return r.self(), err
		}
		if mine {
			return r.inquire(ctx, j, asking)
		}
		select {
		case <-asking:
		case <-ctx.Done():
			return zoho.User{}, ctx.Err()
		}
	}
}

// inquiry is the question under way, which is the caller's to ask where there was none; nil where
// there is nothing to ask any more, or, with the last error, where nobody is to ask now.
func (r *Runner) inquiry() (asking chan struct{}, mine bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known() || r.silence() != nil {
		return nil, false, r.silence()
	}
	if r.asking == nil {
		r.asking, mine = make(chan struct{}), true
	}
	return r.asking, mine, nil
}

func (r *Runner) inquire(ctx context.Context, j *job, asking chan struct{}) (zoho.User, error) {
	defer func() {
		r.mu.Lock()
		r.asking = nil
		r.mu.Unlock()
		close(asking)
	}()
	u, err := r.client.Metered(&j.meter).ReadBack().CurrentUser(ctx)
	e := asError(err)
	switch {
	case err == nil && u.ID != "":
		r.learn(u)
		return u, nil
	case err != nil && (e == nil || e.Kind == zoho.SignIn || e.Kind == zoho.Redirected):
		return zoho.User{}, err
	case err != nil && e.Phase != zoho.PhaseDefinite:
		r.unanswered(e)
		return zoho.User{}, err
	}
	r.options.Log.Warn("who is signed in is not known: locks are told apart by reason and time", "error", err)
	r.mu.Lock()
	r.barred = true
	r.mu.Unlock()
	return zoho.User{}, nil
}

// unanswered counts answers that cannot be used. After some in a row nobody asks for a while: a door that
// answers everything else with a page may never answer this, and each try costs a credit.
func (r *Runner) unanswered(e *zoho.Error) {
	if e.Phase != zoho.PhaseOpen || e.Status == 0 {
		return
	}
	r.mu.Lock()
	r.unheard++
	unheard := r.unheard
	if unheard >= inquiries {
		r.last, r.askAt = e, time.Now().Add(hush)
	}
	r.mu.Unlock()
	switch unheard {
	case inquiries:
		r.options.Log.Warn("Zoho does not say who is signed in: unlocks that leave others' locks alone wait for it", "error", e)
	case inquiriesMost:
		r.options.Log.Warn("Zoho does not say who is signed in: unlocks that leave others' locks alone are left for a resume", "error", e)
	}
}

// silence is the last answer that was none, while nobody is to ask again; nil otherwise. It and known are
// called with the lock held.
func (i *identity) silence() error {
	if i.known() || i.unheard < inquiriesMost && !time.Now().Before(i.askAt) {
		return nil
	}
	return i.last
}

// known says whether asking could bring nothing more.
func (i *identity) known() bool { return i.me.ID != "" || i.barred }

// nameless is the verdict on a row that needs to know who we are while that is not to be asked: it waits
// until it may be, or is left for a later sitting, at no cost either way. While it waits nothing else is dealt:
// a pass that costs nothing takes no time either, and row after row would be in flight on disk.
func (r *Runner) nameless() (verdict, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := asError(r.silence())
	if e == nil {
		return verdict{}, false
	}
	v := refusal(e)
	v.course, v.outcome, v.at, v.hold = again, Pending, r.askAt, true
	if r.unheard >= inquiriesMost {
		v.course, v.worn = giveBack, true
	}
	return v, true
}

// unsaid says whether the question who we are has been given up for this sitting.
func (r *Runner) unsaid() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.known() && r.unheard >= inquiriesMost
}

// mute says whether the question who we are has met with so many answers that are none that what can be
// settled without is settled so.
func (r *Runner) mute() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unheard >= inquiries
}

func (r *Runner) self() zoho.User {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.me
}
