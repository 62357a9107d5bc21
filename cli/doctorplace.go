package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"zlock/batch"
	"zlock/checkpoint"
)

// owner says who works on the org now.
func (c *checkup) owner() {
	if c.org.key == "" {
		return
	}
	if holder, held := checkpoint.OwnedBy(c.place.ownerFile(c.org.key)); held {
		c.warn("owner", "wait for it, or give --wait 10m",
			"process %d on %s works on this org: another run exits 8 meanwhile", holder.PID, holder.Host)
	}
}

// checkpoint looks at the file that remembers runs.
func (c *checkup) checkpoint(ctx context.Context) {
	if kind := c.network(); kind != "" {
		if !c.place.network {
			c.fail(exitUsage, "file system", "name a local place with --db and --state-dir, or give --allow-network-fs",
				"the checkpoint lies on a network file system (%s), where neither locks nor syncs can be relied on", kind)
			return
		}
		c.warn("file system", "", "the checkpoint lies on a network file system (%s), as was allowed", kind)
	}
	db, err := c.openToRead(ctx, c.place)
	var schema *checkpoint.SchemaError
	switch {
	case errors.Is(err, errNoCheckpoint), errors.Is(err, fs.ErrNotExist):
		c.ok("checkpoint", "none yet: the first run makes %s", c.place.db)
		return
	case errors.As(err, &schema) && schema.Found < schema.Known:
		c.ok("checkpoint", "of an older version, which the next run brings up to date: %s", c.place.db)
		return
	case err != nil:
		c.unusable("checkpoint", err)
		return
	}
	defer func() { _ = db.Close() }()
	if err := db.Check(ctx); err != nil {
		c.unusable("checkpoint", err)
		return
	}
	c.ok("checkpoint", "whole, %s: %s", c.sizes(), c.place.db)
	c.runs(ctx, db)
}

func (c *checkup) network() string {
	for _, path := range []string{c.place.db, c.place.state} {
		if kind := c.world.NetworkFS(path); kind != "" {
			return kind
		}
	}
	return ""
}

// sizes says how large the checkpoint is.
func (c *checkup) sizes() string {
	var total int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(c.place.db + suffix); err == nil {
			total += info.Size()
		}
	}
	return fmt.Sprintf("%.1f MiB", float64(total)/(1<<20))
}

// runs says which runs are unfinished.
func (c *checkup) runs(ctx context.Context, db *checkpoint.DB) {
	runs, err := db.Runs(ctx)
	if err != nil {
		c.unusable("runs", err)
		return
	}
	var open []batch.Run
	for _, run := range runs {
		if run.State != batch.Completed && run.State != batch.Running {
			open = append(open, run)
		}
	}
	if len(open) == 0 {
		c.ok("runs", "%s, none left unfinished", counted(int64(len(runs)), "run", "runs"))
		return
	}
	c.warn("runs", c.place.command("resume", open[0].ID)+"; zlock runs lists all",
		"%s, %d unfinished, such as %s with %s left", counted(int64(len(runs)), "run", "runs"), len(open), open[0].ID,
		counted(open[0].Open(), "row", "rows"))
}

// files looks at who may read, or write, what we keep and what we trust.
func (c *checkup) files() {
	if runtime.GOOS == "windows" { // which has no such modes
		return
	}
	n := len(c.findings)
	c.mode(c.place.state, 0o077, "chmod 700")
	private := []string{c.place.db, c.place.db + "-wal", c.place.db + "-shm"}
	if c.org.key != "" {
		private = append(private, c.place.cacheFile(c.org.key))
	}
	for _, path := range private {
		c.mode(path, 0o077, "chmod 600")
	}
	c.mode(c.place.config.path, 0o022, "chmod go-w")
	c.mode(filepath.Dir(c.place.config.path), 0o022, "chmod go-w")
	if len(c.findings) == n {
		c.ok("files", "nobody else may read what is kept, or write what is trusted")
	}
}

// mode warns of a file that lets others do what they should not; one that is missing lets nobody.
func (c *checkup) mode(path string, forbidden fs.FileMode, mend string) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&forbidden == 0 {
		return
	}
	c.warn("files", mend+" "+shellWord(path), "%s has mode %04o, which lets others in", path, info.Mode().Perm())
}
