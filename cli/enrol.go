package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"zlock/batch"
	"zlock/checkpoint"
)

// start reads the job file into a new run, asks where a person should be asked, and works.
func (l *launch) start(ctx context.Context, identity string) error {
	if err := l.mayWriteFaults(); err != nil {
		return err
	}
	enrolment, err := l.db.Enrol(ctx, l.newRun(identity))
	if err != nil {
		return err
	}
	run, err := l.enrol(ctx, enrolment, identity)
	if err != nil {
		// What is taken back was never sent, whatever ended the command.
		l.bookLook(ctx, "")
		return errors.Join(err, enrolment.Discard(context.WithoutCancel(ctx)))
	}
	if l.org.simulated {
		if err := l.own(ctx, run.ID); err != nil {
			return err
		}
	}
	l.bookLook(ctx, run.ID)
	return l.sitting(run, "run").work(ctx)
}

// sitting is the work on the run that was enrolled, under the name of a command.
func (l *launch) sitting(run batch.Run, command string) *sitting {
	s := &sitting{app: l.app, place: l.place, org: l.org, pace: l.pace, db: l.db, run: run, asJSON: l.asJSON, owner: l.owner, command: command}
	s.before.credits = int64(l.looked.Credits)
	return s
}

// enrolApart writes rows that stand in no file of anybody's down as a run, or leaves none. Its identity is its
// own, so that no other is taken for it. Spent is what finding the rows has cost.
func (l *launch) enrolApart(ctx context.Context, spent int, read func(batch.Sink) (batch.Summary, error)) (batch.Run, error) {
	identity, err := l.ownIdentity()
	if err != nil {
		return batch.Run{}, err
	}
	run := l.newRun(identity)
	delete(run.Settings, keyJobPath)
	enrolment, err := l.db.Enrol(ctx, run)
	if err != nil {
		return run, err
	}
	costs := batch.NewCosts(enrolment, batch.ListPrices(l.meaning.AnyOwner))
	sum, err := read(costs)
	if err == nil {
		run.Format, run.Header, run.Forecast = sum.Format, sum.Header, int(costs.Expected())+spent
		l.keepGuards(run.Settings) // the organisation has been met by now
		run, err = enrolment.Finish(ctx, run)
	}
	if err != nil {
		l.bookLook(ctx, "")
		return run, errors.Join(err, enrolment.Discard(context.WithoutCancel(ctx)))
	}
	l.bookLook(ctx, run.ID)
	return run, nil
}

// ownIdentity is the identity of a run that is a new one each time, whatever its rows.
func (l *launch) ownIdentity() (string, error) {
	return l.meaning.identity(l.orgName()+"\n"+l.runID, l.sha)
}

func (l *launch) newRun(identity string) batch.Run {
	settings := l.values.carried()
	settings[keyOnLocked] = l.meaning.OnLocked
	settings[keyAnyOwner] = strconv.FormatBool(l.meaning.AnyOwner)
	settings[keyOrgName], settings[keyOrgHost] = l.orgName(), host(l.org.api)
	l.keepGuards(settings)
	if l.name != "-" {
		settings[keyJobPath] = l.world.path(l.name)
	}
	return batch.Run{
		ID: l.runID, Org: l.org.key, Profile: l.place.profile.name, JobFile: l.name, SHA256: l.sha, Size: l.size,
		Identity: identity, Simulated: l.org.simulated, Settings: settings, CreatedAt: l.world.Now(),
	}
}

// enrol reads every row, and shows the run once all are good and nobody objects.
func (l *launch) enrol(ctx context.Context, enrolment *checkpoint.Enrolment, identity string) (batch.Run, error) {
	costs := batch.NewCosts(enrolment, batch.ListPrices(l.meaning.AnyOwner))
	sum, err := l.read(ctx, costs)
	if err != nil {
		return batch.Run{}, err
	}
	if err := l.guard(ctx, sum); err != nil {
		return batch.Run{}, err
	}
	o := l.foresee(sum, costs, l.ledgerOf(ctx, l.db, l.org.key))
	l.tellPlan(&o)
	if err := l.tellWhoAndWhat(ctx, sum); err != nil {
		return batch.Run{}, err
	}
	if err := l.app.confirm(ctx, &l.org); err != nil {
		return batch.Run{}, err
	}
	if err := l.ask(ctx, sum); err != nil {
		return batch.Run{}, err
	}
	run := l.newRun(identity)
	run.Format, run.Header = sum.Format, sum.Header
	run.Forecast = int(o.expected)
	return enrolment.Finish(ctx, run)
}

// with is the values as they are for a run that goes on: what it was started with comes before
// the environment and the profile, but after flags given now.
func (v values) with(run batch.Run) values {
	out := maps.Clone(v)
	for _, s := range settings() {
		inherited := func(key string) {
			if text, ok := run.Settings[key]; ok {
				out[s.name] = value{text: text, where: fmt.Sprintf("%s %q of run %s", s.name, text, run.ID), given: true}
			}
		}
		switch now := v[s.name]; {
		case !s.inherited || now.flag:
		case run.Settings[s.name] != "":
			inherited(s.name)
		case !now.environment():
			inherited(variable(s.name))
		}
	}
	return out
}
