package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// pruning is old runs on their way to being forgotten.
type pruning struct {
	*app
	place             place
	db                *checkpoint.DB
	before            time.Time
	dryRun, withLocks bool
	yes, asJSON       bool

	all       []batch.Run
	chosen    []batch.Run // to be forgotten, oldest first; once carried out, those that were
	kept      prunedKept
	freed     int64 // bytes
	compacted bool
}

// choose says of every run whether it goes or stays, and why.
func (p *pruning) choose(ctx context.Context) (err error) {
	if p.all, err = p.db.Runs(ctx); err != nil {
		return err
	}
	holding, err := p.db.Holding(ctx)
	if err != nil {
		return err
	}
	for _, run := range slices.Backward(p.all) {
		last := run.EndedAt
		if run.State != batch.Completed {
			last = run.UpdatedAt
		}
		switch {
		case !last.Before(p.before):
			p.kept.Newer++
		case run.State != batch.Completed:
			p.kept.Unfinished++
		case holding[run.ID] > 0 && !p.withLocks:
			p.kept.WithLocks++
		default:
			p.chosen = append(p.chosen, run)
		}
	}
	return nil
}

// rows is how many rows the chosen runs have.
func (p *pruning) rows() (sum int64) {
	for _, run := range p.chosen {
		sum += run.Total
	}
	return sum
}

// carryOut forgets the chosen runs. One that has changed since it was chosen stays.
func (p *pruning) carryOut(ctx context.Context) error {
	chosen := p.chosen
	p.chosen = nil
	for _, run := range chosen {
		gone, err := p.db.Forget(ctx, run.ID, p.before, p.withLocks)
		if err != nil {
			return err
		}
		if gone {
			p.chosen = append(p.chosen, run)
			p.freed += p.removeFiles(run)
		}
	}
	if err := p.db.TrimLedger(ctx, p.before, p.world.Now()); err != nil {
		return err
	}
	return p.compact(ctx)
}

// compact gives the room back on disk, if nobody works on a run. That it cannot is no failure: what
// was to be forgotten is.
func (p *pruning) compact(ctx context.Context) error {
	var orgs []string
	for _, run := range p.all {
		orgs = append(orgs, run.Org)
	}
	slices.Sort(orgs)
	orgs = slices.DeleteFunc(slices.Compact(orgs), func(org string) bool { // nobody can hold what is not there
		_, err := os.Stat(p.place.ownerFile(org))
		return err != nil
	})
	letGo, all, err := p.ownAll(p.place, orgs)
	defer letGo()
	if err == nil && all {
		var freed int64
		if freed, p.compacted, err = p.db.Compact(ctx); p.compacted {
			p.freed += freed
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p.screen.warn("the room on disk could not be given back: %s", clean(err.Error()))
	case !p.compacted && len(p.chosen) > 0:
		p.screen.say("the room on disk is given back by a later prune: a run is being worked on now")
	}
	return nil
}

// removeFiles removes what is kept of a run beside the checkpoint, and returns how many bytes that was:
// outcomes that the checkpoint would not take, and the journal and the lock of a rehearsal.
func (p *pruning) removeFiles(run batch.Run) (freed int64) {
	dir := filepath.Dir(p.place.db)
	files := []string{filepath.Join(dir, "zlock-rescue-"+run.ID+".jsonl")}
	if run.Simulated && pretendOf(run) == run.ID { // another run's pretend org is not this one's to remove
		files = append(files, filepath.Join(dir, "sim", run.ID+".journal"), p.place.ownerFile(run.Org), p.place.orgDir(run.Org))
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err == nil && os.Remove(file) == nil && info.Mode().IsRegular() {
			freed += info.Size()
		}
	}
	return freed
}
