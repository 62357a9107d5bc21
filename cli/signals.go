package cli

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"
)

// bell hears the signals that ask for an end. The first one ends the soft context, the second
// the hard one, the third ends the process. A first one that is not obeyed within the grace
// time counts as a second.
type bell struct {
	soft, hard context.Context

	mu       sync.Mutex
	stopSoft context.CancelCauseFunc
	stopHard context.CancelCauseFunc
	rung     int
	grace    time.Duration
	fuse     *time.Timer
	first    func()         // told of the first signal while rows are being worked
	leave    func(code int) // for the third
	done     chan struct{}
}

// signalled is the cause of a context that a signal ended.
type signalled struct{ signal os.Signal }

func (s signalled) Error() string { return "stopped by " + s.signal.String() }

// code is what a shell makes of a death by the signal. A hang-up and SIGQUIT
// ask for an end like SIGTERM.
func (s signalled) code() int {
	if s.signal == os.Interrupt {
		return 130
	}
	return 128 + int(syscall.SIGTERM)
}

func newBell(ctx context.Context, signals <-chan os.Signal, leave func(int)) *bell {
	b := &bell{leave: leave, grace: 25 * time.Second, done: make(chan struct{})}
	b.soft, b.stopSoft = context.WithCancelCause(ctx)
	b.hard, b.stopHard = context.WithCancelCause(ctx)
	go func() {
		for {
			select {
			case <-b.done:
				return
			case s, open := <-signals:
				if !open {
					return
				}
				b.ring(s)
			}
		}
	}()
	return b
}

func (b *bell) ring(s os.Signal) {
	b.mu.Lock()
	b.rung++
	rung, first := b.rung, b.first
	if rung == 1 && first != nil {
		b.fuse = time.AfterFunc(b.grace, func() { b.stopHard(signalled{s}) })
	}
	b.mu.Unlock()
	switch {
	case rung == 1 && first != nil:
		b.stopSoft(signalled{s})
		first()
	case rung <= 2:
		b.stopSoft(signalled{s})
		b.stopHard(signalled{s})
	default:
		b.leave(signalled{s}.code())
	}
}

// working says that from now on rows are being worked: calls in flight get their grace, and
// first is told of a first signal.
func (b *bell) working(grace time.Duration, first func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grace, b.first = grace, first
}

// silence stops listening.
func (b *bell) silence() {
	close(b.done)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fuse != nil {
		b.fuse.Stop()
	}
	b.stopSoft(nil)
	b.stopHard(nil)
}

// heard returns the signal that ended ctx, if one did.
func heard(ctx context.Context) (signalled, bool) {
	s, ok := context.Cause(ctx).(signalled)
	return s, ok
}
