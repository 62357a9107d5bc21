package checkpoint

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// NoRunError says that the checkpoint holds no run of that name.
type NoRunError struct{ Ref string }

// Error is a sentence with the next step.
func (e *NoRunError) Error() string {
	if e.Ref == "" || e.Ref == Latest {
		return "there is no run yet: zlock run JOBFILE starts one"
	}
	return fmt.Sprintf("there is no run %q: zlock runs lists them", e.Ref)
}

// AmbiguousError says that several runs begin with what was given.
type AmbiguousError struct {
	Ref     string
	Matches []string // full ids, newest first
}

// Error is a sentence that names the runs.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is the beginning of %d runs (%s): give more of the id", e.Ref, len(e.Matches), strings.Join(e.Matches, ", "))
}

// ForeignError says that a file is not a checkpoint of ours. It was left as it is.
type ForeignError struct{ Path, What string }

// Error is a sentence with the next step.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is not a zlock checkpoint (%s): name another file with --db", e.Path, e.What)
}

// SchemaError says that a checkpoint was written by another version of the program.
type SchemaError struct {
	Path         string
	Found, Known int // versions of the schema
}

// Error is a sentence with the next step.
func (e *SchemaError) Error() string {
	if e.Found > e.Known {
		return fmt.Sprintf("%s was written by a newer zlock (schema %d, this one knows %d): use that version", e.Path, e.Found, e.Known)
	}
	return fmt.Sprintf("%s was written by an older zlock (schema %d, this one has %d): zlock prune --keep 3650d, which forgets nothing, or any other command that writes brings it up to date", e.Path, e.Found, e.Known)
}

// DamagedError says that a checkpoint is not whole. Nothing is repaired by guessing.
type DamagedError struct{ Path, Detail string }

// Error is a sentence with the next step.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged (%s): restore it from a backup, or move it away and run the job file again; records that are done already are left as they are", e.Path, e.Detail)
}

// GoneError says that the checkpoint's files were removed or replaced while they were in use:
// what was written last is not safe.
type GoneError struct{ Path, What string }

// Error is a sentence.
func (e *GoneError) Error() string {
	return fmt.Sprintf("%s was %s while in use: outcomes can no longer be stored there", e.Path, e.What)
}

// TakenError says that another process has taken the run over.
type TakenError struct{ Run string }

// Error is a sentence with the next step.
func (e *TakenError) Error() string {
	return fmt.Sprintf("run %s was taken over by another process: zlock status %s shows where it stands", e.Run, e.Run)
}

// refusal is a change that makes no sense for the rows it names: nothing was written, and trying
// again would not help.
type refusal struct{ what string }

func (e *refusal) Error() string { return e.what }

func refuse(format string, args ...any) error {
	return &refusal{fmt.Sprintf(format, args...)}
}

// resultCode returns SQLite's result code without its extension; 0 for errors of others.
func resultCode(err error) int {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// passing says whether an error may be gone in a moment: a lock that another process holds, a
// full disk, a fault of the disk.
func passing(err error) bool {
	switch resultCode(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL:
		return true
	}
	return false
}

// explain says what SQLite's error means for the file and what to do.
func explain(path string, err error) error {
	switch resultCode(err) {
	case lib.SQLITE_NOTADB:
		return &ForeignError{Path: path, What: "not an SQLite database"}
	case lib.SQLITE_CORRUPT:
		return &DamagedError{Path: path, Detail: err.Error()}
	case lib.SQLITE_FULL:
		return fmt.Errorf("%s: the disk is full: free some space, then zlock resume, or the same again where no run was begun: %w", path, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%s is held by another program (a backup, a scanner, an SQL shell): end it, then try again: %w", path, err)
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_AUTH:
		return fmt.Errorf("%s can't be written: look at its permissions and its owner: %w", path, err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("%s can't be opened: look at the permissions of the file and of its directory: %w", path, err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%s: the disk reports a fault, or has no room: %w", path, err)
	}
	return err
}

// SharedDirError says that a directory is not its user's alone, and so no place for a checkpoint's locks
// and tokens.
type SharedDirError struct {
	Path string
	Why  string
	Hint string // what to do
}

// Error names the directory and what is wrong with it.
func (e *SharedDirError) Error() string {
	return fmt.Sprintf("directory %s is not safe to keep state in: %s", e.Path, e.Why)
}
