package audit

import (
	"context"
	"errors"
	"time"

	"zlock/zoho"
)

// Strength is how strong the locks of a module are: whom and what its configuration lets through.
type Strength struct {
	Module        string
	Configuration *zoho.Configuration // nil: the module has none, or Err
	Err           error               // why it is not known
	ChangedAt     time.Time           // when it was last changed, Zoho's clock; zero where not known
}

// Changed reports whether the configuration was changed after a time of our clock; not known where Zoho
// does not say when it was.
func (s Strength) Changed(since time.Time, offset time.Duration) (changed, known bool) {
	switch {
	case s.Err != nil:
		return false, false
	case s.Configuration == nil: // without one nothing of the module could have been locked
		return true, true
	case s.ChangedAt.IsZero() || since.IsZero():
		return false, false
	}
	return s.ChangedAt.After(since.Add(offset)), true
}

// Strengths reads the configurations of modules, 1 credit each. One that cannot be read has its Err; what
// would meet the others too is returned.
func Strengths(ctx context.Context, crew Crew, modules []string) ([]Strength, error) {
	found := make([]Strength, len(modules))
	err := crew(ctx, func(yield func(Job) bool) {
		for i, module := range modules {
			found[i].Module = module
			if !yield(found[i].read) {
				return
			}
		}
	})
	return found, err
}

func (s *Strength) read(ctx context.Context, client *zoho.Client) error {
	c, err := client.GetConfiguration(ctx, s.Module)
	var e *zoho.Error
	if errors.As(err, &e) && e.Phase == zoho.PhaseDefinite && e.Kind != zoho.SignIn && e.Kind != zoho.Stopped {
		s.Err = err
		return nil
	}
	if err != nil {
		return err
	}
	s.Configuration, s.Err = c, nil
	if c != nil {
		s.ChangedAt, _ = time.Parse(time.RFC3339, c.ModifiedTime) // the zero time where it is none
	}
	return nil
}
