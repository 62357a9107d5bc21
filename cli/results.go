package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/internal/crash"
)

func (a *app) resultsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "results [RUN]", Short: "Per-row results as CSV or JSONL, in input order",
		Long: "Writes one line per row of the job file, in its order: the job file's own columns and then what became " +
			"of the row. The result is itself a valid job file, so that failed rows can be mended and run again. A FILE " +
			"whose name ends in .gz is packed." +
			"\n\nA cell that a spreadsheet would take for a formula begins with a quote, which zlock takes back when it " +
			"reads the file; --raw-csv leaves it out, for programs." +
			"\n\n--json is --format jsonl: JSON lines, one object a row." +
			"\n\nOutcomes: " + outcomeWords(" ") + ".",
		Example:     "  zlock results -o results.csv\n  zlock results latest --only failed,invalid --format jsonl",
		Args:        oneRun,
		Annotations: readExits(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.results(cmd.Context(), flagSource{cmd.Flags()}, runRef(args))
		},
	}
	define(cmd.Flags(), "only", "format", "output", "force", "raw-csv", "json")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func outcomeWords(sep string) string {
	var words []string
	for _, o := range batch.Outcomes() {
		words = append(words, string(o))
	}
	return strings.Join(words, sep)
}

// export is how results are to be written.
type export struct {
	only   []batch.Outcome
	format string // "csv" or "jsonl"
	output string
	force  bool
	raw    bool
	shown  bool // on a terminal
}

func (a *app) results(ctx context.Context, flags flagSource, ref string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	e, err := a.export(v)
	if err != nil {
		return err
	}
	db, run, err := a.lookUp(ctx, p, ref, "results")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return a.exportRun(ctx, p, db, run, e)
}

func (a *app) exportRun(ctx context.Context, p place, db *checkpoint.DB, run batch.Run, e export) error {
	toOut := e.output == "" || e.output == "-"
	e.shown = toOut && a.world.OutTerminal
	write := func(w io.Writer) error { return exportRows(ctx, db, run, e, w) }
	if toOut {
		buffered := bufio.NewWriterSize(a.world.Out, 64<<10)
		if err := write(buffered); err != nil {
			return err
		}
		return buffered.Flush()
	}
	if err := a.writeFile(e.output, e.force, p.files(run), write); err != nil {
		return err
	}
	a.screen.say("%s written", clean(e.output))
	return nil
}

// export reads the settings of results.
func (a *app) export(v values) (export, error) {
	read := parser{values: v}
	e := export{
		format: read.choice("format", "csv", "jsonl"), output: v["output"].text,
		force: read.flag("force"), raw: read.flag("raw-csv"),
	}
	if read.flag("json") {
		if e.format == "csv" {
			read.refuse("json", "JSON lines; leave out --format csv")
		}
		e.format = "jsonl"
	}
	for _, word := range read.words("only") {
		o := batch.Outcome(strings.ToLower(word))
		if !slices.Contains(batch.Outcomes(), o) {
			read.refuse("only", "outcomes: "+outcomeWords(", ")+didYouMean(word, strings.Fields(outcomeWords(" "))))
		}
		e.only = append(e.only, o)
	}
	if e.output != "" && e.output != "-" {
		e.output = a.world.path(e.output)
		if e.format == "" {
			e.format = formatOf(e.output)
		}
	}
	if e.format == "" {
		e.format = "csv"
	}
	return e, read.err
}

// formatOf is the format that a file's name asks for, packed or not; "" where it says nothing.
func formatOf(path string) string {
	switch lower := bareName(path); {
	case strings.HasSuffix(lower, ".csv"):
		return "csv"
	case strings.HasSuffix(lower, ".jsonl"), strings.HasSuffix(lower, ".ndjson"):
		return "jsonl"
	}
	return ""
}

func exportRows(ctx context.Context, db *checkpoint.DB, run batch.Run, e export, w io.Writer) error {
	out := newRowWriter(w, run, e)
	if err := out.begin(); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	for row, err := range db.Rows(ctx, run.ID, e.only) {
		if err != nil {
			return fmt.Errorf("write results: %w", err)
		}
		if err := out.write(row); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
		crash.At("in-export")
	}
	if err := out.end(); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// runRef is the RUN argument; the latest run where there is none.
func runRef(args []string) string {
	if len(args) == 0 {
		return checkpoint.Latest
	}
	return args[0]
}

func oneRun(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage(fmt.Sprintf("%s takes one RUN, not %d", cmd.Name(), len(args)))
	}
	if len(args) == 1 && strings.TrimSpace(args[0]) == "" { // or undo "$RUN" would take the latest one back
		return usage(cmd.Name()+": the RUN is empty", "zlock runs lists them; without a RUN the latest one is meant; is a variable not set?")
	}
	return nil
}
