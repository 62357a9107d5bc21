package cli

import (
	"github.com/spf13/cobra"
)

func (a *app) authCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "auth COMMAND", Short: "Sign in and out, and see who is signed in",
		Long: "Signs in to a Zoho organisation with a Self Client, once for each profile. What is stored is used by all other " +
			"commands; credentials in the environment win over it.",
		Example:     "  zlock auth login --dc eu\n  zlock auth status\n  zlock auth logout",
		Annotations: exits("0  done", "2  usage or configuration", "4  Zoho refuses the sign-in"),
		Args:        unknownBelow, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.authLoginCommand(), a.authStatusCommand(), a.authLogoutCommand())
	return cmd
}

// nothingMore refuses arguments.
func nothingMore(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(cmd.CommandPath()+" takes no argument", cmd.CommandPath()+" --help says more")
}

func (a *app) authLoginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "login", Short: "Sign in with a Self Client's code, or by device code",
		Long: "Signs in, reads who and which organisation it is, and pins the organisation: a run that meets another one is " +
			"refused.\n\n" +
			"In Zoho's API console (https://api-console.zoho.com, or your data centre's) make a Self Client, generate a code " +
			"for the scopes that --print-scopes prints, and give it here within its few minutes. Client id and secret come from " +
			"ZLOCK_CLIENT_ID and ZLOCK_CLIENT_SECRET, or are asked for; the secret and the code are not shown when typed. With " +
			"--device you are given a page to open in any browser, and a code to type there.\n\n" +
			"The sign-in is kept in the keyring of the operating system; where there is none, only --store file keeps it, in a " +
			"file that only you may read. Sandboxes and developer organisations need sign-ins of their own, so profiles of " +
			"their own.",
		Example: "  zlock auth login --dc eu\n" +
			"  zlock auth login --profile sandbox --environment sandbox --device\n" +
			"  zlock auth login --code-stdin --store file < code.txt\n" +
			"  zlock auth login --print-scopes",
		Annotations: exits("0  signed in, and stored", "1  the program itself failed", "2  usage or configuration; nothing is stored",
			"4  Zoho refuses, a scope is missing, or it is the wrong org; nothing is stored", "7  Zoho did not answer; nothing is stored",
			"130, 143  stopped by a signal"),
		Args: nothingMore,
	}
	var o loginOptions
	cmd.Flags().BoolVar(&o.device, "device", false, "sign in in a browser, with a code to type there")
	cmd.Flags().BoolVar(&o.codeStdin, "code-stdin", false, "read the Self Client's code from standard input")
	cmd.Flags().Var(&texts{arg: "LIST"}, "scopes", `with --device, what to ask for: needed, all, or scopes with commas (default "needed")`)
	cmd.Flags().BoolVar(&o.printScopes, "print-scopes", false, "print the scopes to paste into the API console, and what each allows")
	define(cmd.Flags(), "store", "expect-org", "json")
	define(cmd.Flags(), "dc", "environment", "api-url", "accounts-url", "api-version", "ca-file")
	define(cmd.Flags(), names(placeSettings())...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.scopes = cmd.Flags().Lookup("scopes").Value.(*texts).values
		return a.login(cmd.Context(), flagSource{cmd.Flags()}, o)
	}
	return cmd
}

func (a *app) authStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Who is signed in, where, and what that allows",
		Long: "Asks Zoho who is signed in and which organisation it is (2 credits), compares it with the pinned one, and says " +
			"what the scopes allow. The sign-in is that of the environment or, where that has none, the stored one.",
		Example: "  zlock auth status\n  zlock auth status --profile sandbox --json",
		Annotations: exits("0  the sign-in works", "1  the program itself failed", "2  nobody is signed in, or usage",
			"4  Zoho refuses the sign-in, or it is the wrong org", "7  Zoho did not answer"),
		Args: nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.authStatus(cmd.Context(), flagSource{cmd.Flags()})
		},
	}
	define(cmd.Flags(), "json", "expect-org")
	define(cmd.Flags(), "dc", "environment", "api-url", "accounts-url", "api-version", "ca-file")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func (a *app) authLogoutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "logout", Short: "End a sign-in at Zoho, and forget it here",
		Long: "Revokes the stored sign-in of a profile at Zoho, so that its tokens are worth nothing any more, and removes it " +
			"from this machine. Where it could not be revoked it is removed all the same, and said (exit 4). Credentials in the " +
			"environment are left alone.",
		Example:     "  zlock auth logout\n  zlock auth logout --profile sandbox",
		Annotations: exits("0  revoked and forgotten, or nothing was stored", "1  the program itself failed", "2  usage or configuration", "4  forgotten, but not revoked: a person must act"),
		Args:        nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.logout(cmd.Context(), flagSource{cmd.Flags()})
		},
	}
	define(cmd.Flags(), "json", "ca-file")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}
