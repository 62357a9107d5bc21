package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/report"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report [RUN] -o FILE", Short: "One page about a run, for people who would rather look",
		Long: "Writes one self-contained page about a run: what was asked, what became of it, how it went as charts, what " +
			"failed and what to do, control totals, and the rows, which can be searched in the page. It needs no network, " +
			"prints well on paper, and nothing that stands in a reason or an answer can act in it." +
			"\n\n--format md writes a text for a ticket instead: the same without charts and rows." +
			"\n\nControl totals are the number of rows, the sum and a hash of their record ids, the digest of the job file, " +
			"and that of what zlock results writes; the page says how to have each again." +
			"\n\nIt works at any time, also while the run goes on, and says so on the page.",
		Example: "  zlock report -o quarter-end.html\n  zlock report 20260102 --format md -o -\n" +
			"  zlock report latest -o small.html --rows 1000 --force",
		Args:        oneRun,
		Annotations: readExits(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.report(cmd.Context(), flagSource{cmd.Flags()}, runRef(args))
		},
	}
	define(cmd.Flags(), "output", "format", "rows", "force")
	cmd.Flags().Lookup("format").Usage = "html or md (default: by the name of -o, else html)"
	cmd.Flags().Lookup("output").Usage = "write to FILE; - for standard output"
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// reporting is how a report is to be written.
type reporting struct {
	output string
	format string // "html" or "md"
	force  bool
	rows   int64
}

func (a *app) report(ctx context.Context, flags flagSource, ref string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	how, err := a.reporting(v)
	if err != nil {
		return err
	}
	db, run, err := a.lookUp(ctx, p, ref, "report")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if how.output == "-" {
		buffered := bufio.NewWriterSize(a.world.Out, 64<<10)
		if err := a.writeReport(ctx, p, db, run, how, buffered); err != nil {
			return err
		}
		return buffered.Flush()
	}
	write := func(w io.Writer) error { return a.writeReport(ctx, p, db, run, how, w) }
	if err := a.writeFile(how.output, how.force, p.files(run), write); err != nil {
		return err
	}
	a.tellReport(how.output, run)
	return nil
}

// reporting reads the settings of report.
func (a *app) reporting(v values) (reporting, error) {
	read := parser{values: v}
	how := reporting{
		output: v["output"].text, format: read.choice("format", "html", "md"), force: read.flag("force"),
		rows: read.count("rows", report.MostRows, 0, report.MostRows),
	}
	switch {
	case read.err != nil:
		return how, read.err
	case how.output == "":
		return how, usage("report: say where to write", "zlock report -o report.html; or -o - for standard output")
	case how.output != "-":
		how.output = a.world.path(how.output)
	}
	if how.format == "" {
		how.format = "html"
		if lower := bareName(how.output); strings.HasSuffix(lower, ".md") || strings.HasSuffix(lower, ".markdown") {
			how.format = "md"
		}
	}
	return how, nil
}

func (a *app) tellReport(path string, run batch.Run) {
	about := counted(run.Total, "row", "rows")
	if info, err := os.Stat(path); err == nil {
		about += ", " + counted((info.Size()+1023)/1024, "kB", "kB")
	}
	a.screen.say("%s written: run %s, %s", clean(path), run.ID, about)
}

// writeReport gathers and writes the report of a run.
func (a *app) writeReport(ctx context.Context, p place, db *checkpoint.DB, run batch.Run, how reporting, w io.Writer) error {
	subject, err := a.subject(ctx, p, db, run)
	if err != nil {
		return err
	}
	digest := sha256.New()
	results := newRowWriter(digest, run, export{format: resultsFormat(run)})
	if err := results.begin(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	account, err := report.Gather(ctx, db, subject, results.write)
	if err != nil {
		return err
	}
	if err := results.end(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	account.ResultsSHA256 = hex.EncodeToString(digest.Sum(nil))
	if how.format == "md" {
		return account.WriteMarkdown(w)
	}
	return account.WriteHTML(ctx, w, db, how.rows)
}

// resultsFormat is the format of results that is like the run's job file.
func resultsFormat(run batch.Run) string { return orElse(run.Format, "csv") }

// subject is what a report is told of a run beside its rows.
func (a *app) subject(ctx context.Context, p place, db *checkpoint.DB, run batch.Run) (report.Subject, error) {
	users, err := usersOf(ctx, db, run.Org)
	if err != nil {
		return report.Subject{}, err
	}
	groups, err := db.FailureGroups(ctx, run.ID)
	if err != nil {
		return report.Subject{}, err
	}
	return report.Subject{
		Run: run, State: stateWords(run), Next: nextStep(p, run, groups),
		Results: p.command("results", run.ID, "-o", "results."+resultsFormat(run)),
		Org:     orgWords(run), Users: users, Settings: settingsOf(run), AtOnce: atOnce(run),
		Now: a.world.Now(), Zone: zoneOf(run), Version: versionWords(),
	}, nil
}

// stateWords is stateText without the word of rehearsals, which a report says by itself.
func stateWords(run batch.Run) string {
	run.Simulated = false
	return stateText(run)
}

func orgWords(run batch.Run) string {
	if run.Simulated {
		return "a pretend Zoho (SIMULATED)"
	}
	return strings.TrimSpace(run.Settings[keyOrgHost] + " (known here as " + run.Org + ")")
}

func versionWords() string {
	b := thisBuild()
	if len(b.Commit) >= 12 {
		return b.Version + " (" + b.Commit[:12] + ")"
	}
	return b.Version
}

// usersOf names those who were seen to be signed in to an org, each with the id.
func usersOf(ctx context.Context, db *checkpoint.DB, org string) ([]string, error) {
	ids, err := db.RecallAll(ctx, org, factUserID+":")
	if err != nil {
		return nil, err
	}
	named, err := db.RecallAll(ctx, org, factUserName+":")
	if err != nil {
		return nil, err
	}
	var users []string
	for signIn, id := range ids {
		users = append(users, strings.TrimSpace(named[signIn]+" ("+id+")"))
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// settingsOf is what a run was told and has kept, by name. Paths of this machine are nobody's business.
func settingsOf(run batch.Run) []report.Setting {
	var out []report.Setting
	for _, name := range slices.Sorted(maps.Keys(run.Settings)) {
		if !slices.Contains([]string{keyJobPath, keyOrgName, keyOrgHost}, name) {
			out = append(out, report.Setting{Name: name, Value: run.Settings[name]})
		}
	}
	return out
}

// zoneOf is the zone in which the run's times were told.
func zoneOf(run batch.Run) *time.Location {
	read := parser{values: values{"tz": {text: orElse(run.Settings["tz"], run.Settings[variable("tz")])}}}
	return read.zone("tz", time.Local) // local too where this machine does not know the run's
}

// atOnce is how many rows the run was to work at once; 0 where nobody said.
func atOnce(run batch.Run) int {
	text := orElse(run.Settings["concurrency"], run.Settings[variable("concurrency")])
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
