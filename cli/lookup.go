package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"zlock/batch"
	"zlock/checkpoint"
)

// errNoCheckpoint says that no run was ever started where we look.
var errNoCheckpoint = errors.New("there is no run yet")

// openToRead opens the checkpoint beside whoever works with it.
func (a *app) openToRead(ctx context.Context, p place) (*checkpoint.DB, error) {
	db, err := checkpoint.OpenReadOnly(ctx, p.db)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open checkpoint %s: %w", p.db, errNoCheckpoint)
	}
	if err != nil {
		return nil, err
	}
	db.JudgeOwners(p.alive)
	return db, nil
}

// openToWrite opens the checkpoint to work with it, and makes it where it is not there yet.
func (a *app) openToWrite(ctx context.Context, p place) (*checkpoint.DB, error) {
	for _, path := range []string{p.db, p.state} {
		if kind := a.world.NetworkFS(path); kind != "" && !p.network {
			return nil, usage(clean(path)+" lies on a network file system ("+kind+"), where neither locks nor syncs can be relied on",
				"name a local place with --db and --state-dir, or give --allow-network-fs")
		}
	}
	if err := checkpoint.CheckPrivate(p.state); err != nil {
		return nil, err
	}
	db, err := checkpoint.Open(ctx, p.db)
	if err != nil {
		return nil, err
	}
	db.JudgeOwners(p.alive)
	return db, nil
}

// openExisting is openToWrite for commands that make no sense without a run.
func (a *app) openExisting(ctx context.Context, p place) (*checkpoint.DB, error) {
	if _, err := os.Stat(p.db); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open checkpoint %s: %w", p.db, errNoCheckpoint)
	}
	return a.openToWrite(ctx, p)
}

// lookUp opens the checkpoint to read and finds the run that command is about.
func (a *app) lookUp(ctx context.Context, p place, ref, command string) (*checkpoint.DB, batch.Run, error) {
	db, err := a.openToRead(ctx, p)
	if err != nil {
		return nil, batch.Run{}, err
	}
	run, err := a.find(ctx, p, db, ref, command)
	if err != nil {
		_ = db.Close()
		return nil, batch.Run{}, err
	}
	return db, run, nil
}

// find returns the run that ref names to command. Where nobody named one and another than the latest may well
// be meant, that is said.
func (a *app) find(ctx context.Context, p place, db *checkpoint.DB, ref, command string) (batch.Run, error) {
	run, err := db.Find(ctx, ref)
	if err != nil || ref != checkpoint.Latest {
		return run, err
	}
	var maybe func(batch.Run) bool
	switch {
	case command == "resume" && run.Open() == 0:
		maybe = func(r batch.Run) bool { return r.Open() > 0 && r.State != batch.Running }
	case ofOneRecord(run):
		maybe = func(r batch.Run) bool { return !ofOneRecord(r) }
	default:
		return run, nil
	}
	runs, err := db.Runs(ctx)
	if err != nil {
		return run, nil // the run is there: what might have been said beside it is not worth a failure
	}
	if i := slices.IndexFunc(runs, maybe); i >= 0 {
		other := runs[i]
		a.screen.say("latest is run %s (%s); for run %s (%s, %s): %s", run.ID, jobName(run), other.ID, jobName(other),
			progressText(other), p.command(command, other.ID))
	}
	return run, nil
}

// ofOneRecord reports whether a run is one of the commands lock, unlock and reason.
func ofOneRecord(run batch.Run) bool {
	command, _, several := strings.Cut(run.JobFile, " ")
	return several && run.Settings[keyJobPath] == "" && slices.Contains([]string{"lock", "unlock", "reason"}, command)
}

// progressText is a run's state and what is left of it.
func progressText(run batch.Run) string {
	if run.Open() == 0 {
		return string(run.State)
	}
	return fmt.Sprintf("%s, %s left", run.State, counted(run.Open(), "row", "rows"))
}

// files are those that no output may replace: the checkpoint's and the job file.
func (p place) files(run batch.Run) []string {
	keep := []string{p.db, p.db + "-wal", p.db + "-shm"}
	if path := run.Settings[keyJobPath]; path != "" {
		keep = append(keep, path)
	}
	return keep
}
