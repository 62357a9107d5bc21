package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is one invocation.
type app struct {
	world  World
	screen *screen
	log    *slog.Logger
	bell   *bell
}

// flagSource is the flags of the command that was typed.
type flagSource struct{ set *pflag.FlagSet }

// Main carries out one command line and returns the exit code. It prints to w's streams and
// never ends the process, but for a third signal.
func Main(ctx context.Context, args []string, w World) (code int) {
	w = w.complete()
	scrubbed, data := &scrubber{w: w.Err, hidden: w.hidden}, &scrubber{w: w.Out, hidden: w.hidden, data: true}
	defer func() { _ = errors.Join(data.Flush(), scrubbed.Flush()) }() // nobody is left to be told
	w.Out = data
	a := &app{world: w, screen: &screen{w: scrubbed}}
	if w.ErrTerminal {
		a.screen.width = w.width()
	}
	a.log = newLog(a.screen, "warn", "text")
	a.bell = newBell(ctx, w.Signals, w.Exit)
	defer a.bell.silence()
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(a.screen, "zlock: panic: %s\n%s", clean(fmt.Sprint(p)), debug.Stack())
			code = exitInternal
		}
	}()
	return a.exit(a.execute(args))
}

func (a *app) execute(args []string) error {
	root := a.rootCommand()
	root.SetArgs(append([]string{}, args...)) // cobra takes nil for the process's own arguments
	root.InitDefaultHelpCmd()
	// Where --help follows a word that is no command, cobra would print the help of what stands before it.
	if cmd, rest, err := root.Find(args); err == nil && cmd.HasSubCommands() && asksHelp(rest) && !strings.HasPrefix(rest[0], "-") {
		return unknownBelow(cmd, rest)
	}
	return root.ExecuteContext(a.bell.soft)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "zlock",
		Short: "Lock and unlock Zoho CRM records in bulk, and account for every one",
		Long: "zlock locks and unlocks Zoho CRM records from job files. Every row is written down before it is\n" +
			"sent and after it is answered, so that a run can be stopped at any instant and gone on with.",
		Example: "  zlock plan records.csv               what it will cost, and when it is done\n" +
			"  zlock run records.csv --simulate     rehearse a job file, nothing is sent\n" +
			"  zlock run records.csv                carry it out\n" +
			"  zlock resume                         go on with the latest run\n" +
			"  zlock results -o results.csv         what became of every row",
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              unknownBelow, PersistentPreRunE: refuseEmpty,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if given, _ := cmd.Flags().GetBool("version"); given {
				a.printVersion()
				return nil
			}
			return cmd.Help()
		},
	}
	root.Flags().Bool("version", false, "say which zlock this is")
	root.SetIn(a.world.In)
	root.SetOut(a.world.Out)
	root.SetErr(a.screen)
	root.SetHelpFunc(a.help)
	root.SetFlagErrorFunc(flagError)
	for _, chapter := range a.chapters() {
		root.AddCommand(chapter.commands...)
	}
	root.SetHelpCommand(a.helpCommand(root))
	return root
}

// chapter is commands that the help lists together.
type chapter struct {
	title    string
	commands []*cobra.Command
}

// chapters are all commands, in the order in which the help lists them.
func (a *app) chapters() []chapter {
	return []chapter{
		{"Job files", []*cobra.Command{a.planCommand(), a.runCommand(), a.resumeCommand(), a.retryCommand()}},
		{"After a run", []*cobra.Command{
			a.statusCommand(), a.runsCommand(), a.resultsCommand(), a.reportCommand(), a.verifyCommand(), a.undoCommand(), a.pruneCommand(),
		}},
		{"Locks", []*cobra.Command{
			a.showCommand(), a.lockCommand(), a.unlockCommand(), a.reasonCommand(), a.locksCommand(), a.sweepCommand(),
		}},
		{"Zoho", []*cobra.Command{a.authCommand(), a.doctorCommand(), a.modulesCommand(), a.configCommand(), a.simCommand()}},
		{"zlock", []*cobra.Command{a.versionCommand(), a.completionCommand()}},
	}
}

func commandNames(root *cobra.Command) []string {
	var out []string
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "help" {
			out = append(out, c.Name())
		}
	}
	return out
}

// unknownBelow refuses what is none of a command's own commands.
func unknownBelow(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	of := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()), " ")
	return usage(fmt.Sprintf("%s is not a command%s", strings.TrimPrefix(of+" "+clean(args[0]), " "), didYouMean(args[0], commandNames(cmd))),
		cmd.CommandPath()+" --help lists them")
}

func asksHelp(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return arg == "-h" || arg == "--help" })
}
