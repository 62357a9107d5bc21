package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// The exit codes. Scripts are written against them.
const (
	exitDone     = 0 // every row ended as wanted
	exitInternal = 1 // the program itself failed
	exitUsage    = 2 // usage or configuration; nothing was sent
	exitFaulty   = 3 // the job file is faulty; nothing was sent
	exitPerson   = 4 // sign-in, scope, permission, edition, configuration: a person must act
	exitPartial  = 5 // finished; some rows failed or were invalid
	exitLeft     = 6 // stopped by a budget or a limit, or rows are left
	exitBreaker  = 7 // stopped by a breaker or an outage
	exitHeld     = 8 // another process holds the org
	exitDiffers  = 9 // verify found differences; plan misses its deadline, or its check was surprised
)

// usageError is a mistake in what was typed, set or asked for: nothing was sent.
type usageError struct {
	what  string
	hints []string
}

func (e *usageError) Error() string { return e.what }

func usage(what string, hints ...string) error { return &usageError{what, hints} }

// faultyError is a job file with faults that were listed already.
type faultyError struct {
	name         string
	faults, rows int64
	skippable    bool // there are good rows, and they can be told from the faulty ones
}

func (e *faultyError) Error() string {
	return fmt.Sprintf("%s: %s in %s; nothing was sent", clean(e.name),
		counted(e.faults, "fault", "faults"), counted(e.rows, "row", "rows"))
}

// wrongOrgError is a run of one org and settings for another.
type wrongOrgError struct{ runID, theirs, ours string }

func (e *wrongOrgError) Error() string {
	return fmt.Sprintf("wrong org: run %s belongs to %s, and these settings lead to %s", e.runID, clean(e.theirs), clean(e.ours))
}

// ended is a sitting whose end was told on the screen: only its code is left to give.
type ended struct{ code int }

func (e *ended) Error() string { return fmt.Sprintf("ended with exit code %d", e.code) }

// complaint is an error as it is told.
type complaint struct {
	code     int
	sentence string
	hints    []string
}

// exit tells a person what went wrong and what to do, and returns the exit code.
func (a *app) exit(err error) int {
	c := a.explain(err)
	if c.sentence == "" {
		return c.code
	}
	text := "zlock: " + cleanTo(c.sentence, 1000) + "\n"
	for _, hint := range c.hints {
		text += "  " + clean(hint) + "\n"
	}
	a.screen.tell(text)
	return c.code
}

// explain is the one place that says what an error means to a person and to a script.
func (a *app) explain(err error) complaint {
	if err == nil {
		return complaint{code: exitDone}
	}
	if s, ok := heard(a.bell.soft); ok && errors.Is(err, context.Canceled) || errors.As(err, &s) {
		return complaint{s.code(), s.Error() + "; nothing was sent", nil}
	}
	for _, look := range []func(error) (complaint, bool){ownComplaint, pinComplaint, signInComplaint, fileComplaint, checkpointComplaint, zohoComplaint} {
		if c, ok := look(err); ok {
			return c
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		return complaint{exitInternal, err.Error(), []string{"make room there; TMPDIR says where temporary files go, --state-dir and --db where the rest goes"}}
	}
	return complaint{exitInternal, err.Error(), nil}
}

// ownComplaint explains the errors of this package.
func ownComplaint(err error) (complaint, bool) {
	var end *ended
	var use *usageError
	var faulty *faultyError
	var wrong *wrongOrgError
	var config *zoho.ConfigurationError
	switch {
	case errors.As(err, &end):
		return complaint{code: end.code}, true
	case errors.Is(err, syscall.EPIPE): // whoever read standard output has seen enough
		return complaint{code: exitDone}, true
	case errors.As(err, &use):
		return complaint{exitUsage, use.what, use.hints}, true
	case errors.As(err, &faulty):
		next := "mend the file"
		if faulty.skippable {
			next += ", or let the good rows go with --on-invalid skip"
		}
		return complaint{exitFaulty, faulty.Error(), []string{next}}, true
	case errors.As(err, &config):
		var lines []string
		for _, f := range config.Faults {
			lines = append(lines, f.String())
		}
		return complaint{exitUsage, counted(int64(len(lines)), "fault", "faults") + " in the configuration; nothing was sent", lines}, true
	case errors.As(err, &wrong):
		return complaint{exitPerson, wrong.Error(), []string{
			"give the settings the run was started with: --dc or the URLs, and its client id"}}, true
	}
	return complaint{}, false
}

// fileComplaint explains what is wrong with a job file, or with the flags that describe it.
func fileComplaint(err error) (complaint, bool) {
	var file *batch.FileError
	var option *batch.OptionError
	switch {
	case errors.As(err, &option):
		return complaint{exitUsage, err.Error(), hints(option.Hint)}, true
	case !errors.As(err, &file):
		return complaint{}, false
	case slices.Contains([]string{batch.FileNotFound, batch.FileNotRegular, batch.FileUnreadable}, file.Code):
		return complaint{exitUsage, err.Error(), hints(file.Hint)}, true
	}
	return complaint{exitFaulty, err.Error() + "; nothing was sent", hints(file.Hint)}, true
}

// checkpointComplaint explains what the checkpoint and the org's lock say.
func checkpointComplaint(err error) (complaint, bool) {
	var held *checkpoint.HeldError
	var none *checkpoint.NoRunError
	var several *checkpoint.AmbiguousError
	var foreign *checkpoint.ForeignError
	var schema *checkpoint.SchemaError
	var taken *checkpoint.TakenError
	var shared *checkpoint.SharedDirError
	switch {
	case errors.As(err, &held):
		return complaint{exitHeld, held.Error(), nil}, true
	case errors.As(err, &taken):
		return complaint{exitHeld, taken.Error(), nil}, true
	case errors.As(err, &none):
		return complaint{exitUsage, none.Error(), nil}, true
	case errors.As(err, &several):
		return complaint{exitUsage, several.Error(), nil}, true
	case errors.As(err, &foreign):
		return complaint{exitUsage, foreign.Error(), nil}, true
	case errors.As(err, &schema):
		return complaint{exitUsage, schema.Error(), nil}, true
	case errors.As(err, &shared):
		return complaint{exitUsage, shared.Error(), []string{shared.Hint + "; or give another place with --state-dir: one that is missing is made"}}, true
	case errors.Is(err, errNoCheckpoint):
		return complaint{exitUsage, err.Error(), []string{"zlock run JOBFILE starts a run; --db and --profile say where to look"}}, true
	case errors.Is(err, fs.ErrPermission):
		return complaint{exitUsage, err.Error(), []string{"check who owns the file and its directory"}}, true
	}
	return complaint{}, false
}

// zohoComplaint explains a refusal that met a call made for no row.
func zohoComplaint(err error) (complaint, bool) {
	var refused *zoho.Error
	if !errors.As(err, &refused) {
		return complaint{}, false
	}
	code, hint := refusalCode(refused), hintOf(refused, refused.Record.Module)
	if code == exitBreaker && hint == "" {
		hint = "Zoho or the network is in trouble: say it again later; zlock doctor looks at both"
	}
	return complaint{code, refused.Error(), hints(hint)}, true
}

// hintOf is what a person can do about a refusal. A module that is not there may be a slip of the pen.
func hintOf(e *zoho.Error, module string) string {
	modules := batch.LockableModules()
	if e.Kind != zoho.ModuleUnknown || slices.Contains(modules, module) { // then it is hidden
		return e.Hint
	}
	return e.Hint + didYouMean(module, modules)
}

// refusalCode is the exit code of a refusal that met a call made for no row.
func refusalCode(e *zoho.Error) int {
	var stop *zoho.StopError
	switch {
	case errors.As(e.Err, &stop) && stop.Cause != zoho.CauseOutage:
		return exitLeft
	case e.Kind == zoho.RecordUnknown, e.Kind == zoho.LockUnknown:
		return exitPartial
	case e.Phase != zoho.PhaseDefinite:
		return exitBreaker
	}
	return exitPerson
}

func hints(hint string) []string {
	if hint == "" {
		return nil
	}
	return []string{hint}
}

// codeOf is the exit code of a sitting: of all that hold, the first in the order of the
// contract: 130/143, 4, 7, 6, 5, 0.
func codeOf(run batch.Run, report batch.Report, signal signalled, zeroOnPartial bool) int {
	bad := run.Counts[batch.Failed] + run.Counts[batch.Invalid]
	switch {
	case report.StoppedBy == batch.StopError:
		return exitInternal
	case report.StoppedBy == batch.StopSignal && signal.signal != nil:
		return signal.code()
	case report.Fatal != nil, len(report.Blocked) > 0,
		report.StoppedBy == batch.StopAuth, report.StoppedBy == batch.StopConfiguration:
		return exitPerson
	case report.StoppedBy == batch.StopBreaker, report.StoppedBy == batch.StopOutage:
		return exitBreaker
	case report.StoppedBy != "", run.Open() > 0:
		return exitLeft
	case bad > 0 && !zeroOnPartial:
		return exitPartial
	}
	return exitDone
}
