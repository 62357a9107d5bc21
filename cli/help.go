package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is the number of columns that help fills, at most: it is also read in small
// windows and in pull requests.
const helpWidth = 80

// exitLines says what a command's exit codes mean, for its help.
const exitsAnnotation = "exits"

func exits(lines ...string) map[string]string {
	return map[string]string{exitsAnnotation: strings.Join(lines, "\n")}
}

// The exit codes of commands that work on rows.
func workExits() map[string]string {
	return exits(
		"0  every row ended as wanted",
		"1  the program itself failed",
		"2  usage or configuration; nothing was sent",
		"3  the job file is faulty; nothing was sent",
		"4  sign-in, scope, permission, edition or configuration: a person must act",
		"5  finished; some rows failed or were invalid",
		"6  stopped by a budget, a window or a limit, or rows are left; resume goes on",
		"7  stopped by a breaker or an outage; resume goes on",
		"8  another process holds this org",
		"130, 143  stopped by SIGINT, SIGTERM; resume goes on",
	)
}

// The exit codes of commands that only read.
func readExits() map[string]string {
	return exits("0  it could answer", "1  the program itself failed", "2  usage, or there is no such run")
}

func (a *app) helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Say how a command is used",
		Example: "  zlock help run", Annotations: exits("0  always, but 2 for an unknown command"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return root.Help()
			}
			cmd, rest, err := root.Find(args)
			if err == nil && cmd.HasSubCommands() {
				err = unknownBelow(cmd, rest)
			}
			if err != nil {
				return err
			}
			return cmd.Help()
		},
	}
}

// help prints what a command does, an example, its flags and its exit codes.
func (a *app) help(cmd *cobra.Command, _ []string) {
	w := a.world.Out
	cmd.InitDefaultHelpFlag()
	fmt.Fprintln(w, wrap(orElse(cmd.Long, cmd.Short), helpWidth))
	fmt.Fprintf(w, "\nUsage:\n  %s\n", usageLine(cmd))
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExample:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		helpCommands(w, cmd)
	}
	if flags := cmd.LocalFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", flags.FlagUsagesWrapped(helpWidth))
	}
	if lines := cmd.Annotations[exitsAnnotation]; lines != "" {
		fmt.Fprintf(w, "\nExit codes:\n  %s\n", strings.ReplaceAll(lines, "\n", "\n  "))
	}
	if cmd.Flags().Lookup("rate") != nil {
		fmt.Fprintln(w, "\n"+wrap("Each flag can also be set as a variable (--max-credits: ZLOCK_MAX_CREDITS), most of them "+
			"in a profile of zlock.yaml. A flag wins over a variable, a variable over a profile.", helpWidth))
	}
}

func usageLine(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return "zlock COMMAND [flags]"
	}
	line := cmd.CommandPath() + strings.TrimPrefix(cmd.Use, cmd.Name())
	if cmd.LocalFlags().HasAvailableFlags() {
		line += " [flags]"
	}
	return line
}

func helpCommands(w io.Writer, root *cobra.Command) {
	if root.HasParent() {
		fmt.Fprintln(w, "\nCommands:")
		tableOf(root.Commands()).print(w, "  ")
	} else {
		for _, c := range (&app{}).chapters() {
			fmt.Fprintf(w, "\n%s:\n", c.title)
			tableOf(c.commands).print(w, "  ")
		}
	}
	fmt.Fprintf(w, "\n%s COMMAND --help says more, with an example and the exit codes.\n", root.CommandPath())
}

func tableOf(commands []*cobra.Command) *table {
	t := newTable()
	for _, c := range commands {
		if !c.Hidden {
			t.add(fmt.Sprintf("%-10s", c.Name()), c.Short)
		}
	}
	return t
}

// wrap breaks paragraphs at blanks so that no line is longer than width.
func wrap(s string, width int) string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && columns(line)+1+columns(word) > width {
				lines = append(lines, line)
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		lines = append(lines, line, "")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// flagError says what is wrong with a flag as one of ours, so that it exits 2.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usage(clean(err.Error()), cmd.CommandPath()+" --help lists the flags")
	}
	name := unknown.GetSpecifiedName()
	if set, ok := settingNamed(name); ok {
		if set.fileOnly {
			return usage("--" + name + " is no flag: it stands in a profile of zlock.yaml alone, as " + strings.ReplaceAll(name, "-", "_"))
		}
		if slices.Contains(names(meaningSettings()), set.name) && strings.Contains(cmd.Use, "[RUN]") {
			return usage(fmt.Sprintf("--%s belongs to zlock run: it gives rows their meaning, which stays as enrolled", name))
		}
		return usage(fmt.Sprintf("--%s is not a flag of %s", name, cmd.CommandPath()))
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	return usage(fmt.Sprintf("--%s is not a flag of %s%s", clean(name), cmd.CommandPath(), didYouMean(name, known)),
		cmd.CommandPath()+" --help lists the flags")
}
