package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

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

// lookUp opens the checkpoint to read and finds a run in it.
func (a *app) lookUp(ctx context.Context, p place, ref string) (*checkpoint.DB, batch.Run, error) {
	db, err := a.openToRead(ctx, p)
	if err != nil {
		return nil, batch.Run{}, err
	}
	run, err := db.Find(ctx, ref)
	if err != nil {
		_ = db.Close()
		return nil, batch.Run{}, err
	}
	return db, run, nil
}

// files are those that no output may replace: the checkpoint's and the job file.
func (p place) files(run batch.Run) []string {
	keep := []string{p.db, p.db + "-wal", p.db + "-shm"}
	if path := run.Settings[keyJobPath]; path != "" {
		keep = append(keep, path)
	}
	return keep
}
