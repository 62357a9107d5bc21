package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"zlock/batch"
)

// faultsShown is how many faults a screen lists; --json and --faults have all.
const faultsShown = 20

// faultList takes the faults of a job file in.
type faultList struct {
	first   []batch.Fault // for the screen
	all     []batch.Fault // where somebody wants all
	keepAll bool
	whole   bool // one was of the file, or left unclear where rows begin: then no row can be skipped
}

func (l *faultList) add(f batch.Fault) {
	l.whole = l.whole || f.Seq == 0 || f.Code == batch.FaultQuoteUnclosed
	if len(l.first) < faultsShown {
		l.first = append(l.first, f)
	}
	if l.keepAll {
		l.all = append(l.all, f)
	}
}

// mayWriteFaults finds out that --faults cannot be written before everything is read.
func (l *launch) mayWriteFaults() error {
	if l.faults == "" {
		return nil
	}
	return mayWrite(l.faults, l.force, l.keptFiles())
}

// keptFiles are those that no output of run may replace.
func (l *launch) keptFiles() []string {
	return l.place.files(batch.Run{Settings: map[string]string{keyJobPath: l.world.path(l.name)}})
}

// tellFaults lists what is wrong with the job file. It is an error unless the good rows may go.
func (l *launch) tellFaults(sum batch.Summary) error {
	if l.faults != "" {
		if err := l.writeFile(l.faults, l.force, l.keptFiles(), l.faulty.writer(formatOf(l.faults))); err != nil {
			return err
		}
	}
	if sum.Faults == 0 {
		return nil
	}
	stop := !l.meaning.SkipInvalid
	if stop && l.asJSON {
		err := writeJSON(l.world.Out, faultDocument{JobFile: l.name, Rows: sum.Rows, Faults: l.faulty.all})
		return errors.Join(err, l.faultyJob(sum))
	}
	l.printFaults(sum)
	if stop {
		return l.faultyJob(sum)
	}
	l.screen.say("%s skipped as invalid", counted(sum.Invalid, "row is", "rows are"))
	return nil
}

// tellUnreadable writes down what was found of a job file that cannot be read to its end, where somebody
// wants a document: last why it cannot. On a screen the error alone is told.
func (l *launch) tellUnreadable(sum batch.Summary, err error) error {
	var file *batch.FileError
	if !errors.As(err, &file) {
		return nil
	}
	l.faulty.all = append(l.faulty.all, batch.Fault{Line: file.Line, Code: file.Code, Message: file.Message, Hint: file.Hint})
	if l.faults != "" {
		if err := l.writeFile(l.faults, l.force, l.keptFiles(), l.faulty.writer(formatOf(l.faults))); err != nil {
			return err
		}
	}
	if !l.asJSON {
		return nil
	}
	return writeJSON(l.world.Out, faultDocument{JobFile: l.name, Rows: sum.Rows, Faults: l.faulty.all})
}

// faultyJob is the refusal of a job file whose faults were listed.
func (l *launch) faultyJob(sum batch.Summary) error {
	return &faultyError{l.name, sum.Faults, sum.Rows, !l.faulty.whole && len(sum.ByModuleAction) > 0}
}

// faultDocument is what run --json prints of a faulty job file.
type faultDocument struct {
	JobFile string        `json:"job_file"`
	Rows    int64         `json:"rows"`
	Faults  []batch.Fault `json:"faults"`
}

// printFaults lists the first faults on the screen, each with where it is and what to do.
func (l *launch) printFaults(sum batch.Summary) {
	if l.screen.quiet && l.meaning.SkipInvalid {
		return
	}
	var b strings.Builder
	for _, f := range l.faulty.first {
		fmt.Fprintf(&b, "  %s: %s\n", whereIs(f), clean(f.Message))
		if f.Hint != "" {
			fmt.Fprintf(&b, "    %s\n", clean(f.Hint))
		}
	}
	if more := sum.Faults - int64(len(l.faulty.first)); more > 0 {
		fmt.Fprintf(&b, "  and %s more: --faults FILE writes them all\n", number(more))
	}
	l.screen.tell(b.String())
}

// whereIs says which line, column and value a fault is about, as far as it is about one.
func whereIs(f batch.Fault) string {
	where := "the file"
	if f.Line > 0 {
		where = "line " + strconv.Itoa(f.Line)
	}
	if f.Column != "" {
		where += ", " + cleanTo(f.Column, 24)
	}
	if f.Value != "" {
		where += ", " + cleanTo(f.Value, 32)
	}
	return where
}

// writer writes all faults in a format.
func (l *faultList) writer(format string) func(io.Writer) error {
	if format == "jsonl" {
		return func(w io.Writer) error {
			for _, f := range l.all {
				if err := writeJSON(w, f); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return func(w io.Writer) error {
		out := newCSVWriter(w, false)
		if err := out.write("line", "column", "value", "code", "message", "hint"); err != nil {
			return err
		}
		for _, f := range l.all {
			if err := out.write(strconv.Itoa(f.Line), f.Column, f.Value, f.Code, f.Message, f.Hint); err != nil {
				return err
			}
		}
		return out.flush()
	}
}
