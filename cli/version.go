package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// build is what is known of this program.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Dirty   bool   `json:"modified,omitempty"`
	Go      string `json:"go"`
	System  string `json:"system"`
}

func thisBuild() build {
	b := build{Version: "dev", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = strings.TrimPrefix(v, "v")
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	return b
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Which zlock this is",
		Example: "  zlock version --json", Annotations: exits("0  printed", "2  usage"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("version takes no argument, and got "+clean(args[0]), "zlock --help lists the commands")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
				return writeJSON(a.world.Out, thisBuild())
			}
			a.printVersion()
			return nil
		},
	}
	define(cmd.Flags(), "json")
	return cmd
}

// printVersion is also what zlock --version does, which people try first.
func (a *app) printVersion() {
	b := thisBuild()
	fmt.Fprintf(a.world.Out, "zlock %s\n", b.Version)
	if b.Commit != "" {
		fmt.Fprintf(a.world.Out, "commit %s%s\n", b.Commit, map[bool]string{true: ", modified"}[b.Dirty])
	}
	fmt.Fprintf(a.world.Out, "%s %s\n", b.Go, b.System)
}

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "A script that completes zlock's commands in a shell",
		Long:        "Prints a script for bash, zsh, fish or powershell that completes zlock's commands and flags.",
		Example:     "  source <(zlock completion bash)",
		Annotations: exits("0  printed", "2  usage"), ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("completion takes one of "+strings.Join(shells, ", "), "source <(zlock completion bash)")
			}
			root, out := cmd.Root(), a.world.Out
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return usage(fmt.Sprintf("completion %s: must be one of %s", clean(args[0]), strings.Join(shells, ", ")))
		},
	}
}
