package cli

import (
	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config COMMAND", Short: "Show and change how records of a module are locked",
		Long: "A module's record locking configuration says how its records are locked (by hand, by rules, or both), whom a " +
			"lock binds, which fields stay editable and what is blocked besides edits. Without one nothing can be locked.\n\n" +
			"Changing it changes the organisation's settings, not its records: it takes no lock of the org, and works beside a run.",
		Example: "  zlock config get Deals\n" +
			"  zlock config update Deals --exclude-field Next_Step --dry-run",
		Annotations: exits("0  a command's help was asked for", "2  usage"),
		Args:        unknownBelow, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configGetCommand(), a.configCreateCommand(), a.configUpdateCommand(), a.configDeleteCommand())
	return cmd
}

// configExits are the exit codes of a command about a configuration.
func configExits(done string) map[string]string {
	return exits(
		"0  "+done, "1  the program itself failed", "2  usage, or a configuration that Zoho would refuse; nothing was sent",
		"4  Zoho refused: sign-in, scope, permission, edition, module, or a key of it",
		"6  the credits of 24 hours are spent", "7  Zoho did not answer", "130, 143  stopped by SIGINT, SIGTERM",
	)
}

// oneModule wants exactly one MODULE.
func oneModule(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("config "+command+" takes one MODULE", "zlock config "+command+" Deals; zlock modules lists them")
		}
		return nil
	}
}

// defineInquiry adds the flags of a command that makes a few calls outside of any run.
func defineInquiry(cmd *cobra.Command) {
	define(cmd.Flags(), "reserve", "credits-per-day", "allow-network-fs")
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
}

func (a *app) configGetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "get MODULE", Short: "Say in plain words what a module's configuration does",
		Long: "Says in plain words how a module's records are locked, whom a lock binds, what stays editable and what is " +
			"blocked. It costs one credit.\n\n" +
			"--json and --yaml print what Zoho answers, every key of it, in the envelope record_locking_configurations: a list " +
			"with one configuration, empty where the module has none. Such a file, edited, is what config update -f takes.",
		Example: "  zlock config get Deals\n" +
			"  zlock config get Deals --yaml > deals.yaml",
		Annotations: configExits("it could answer, configured or not"),
		Args:        oneModule("get"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.configGet(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	define(cmd.Flags(), "json")
	cmd.Flags().Bool("yaml", false, "one YAML document on standard output")
	defineInquiry(cmd)
	return cmd
}

// editLong is what create and update have in common.
const editLong = "The configuration comes from a file (-f, JSON or YAML, - for standard input), from flags, or from both: then " +
	"flags win. What Zoho would refuse is told before anything is sent, under the keys by which Zoho names it. " +
	"The differences are shown first; a terminal is asked before they are sent, anything else is not. --dry-run ends there.\n\n" +
	"A rule is NAME: FIELD COMPARATOR VALUE, and more comparisons joined by and, or by or: " +
	"'Won: Stage equal Closed Won and Amount greater_than 1000'. A value that holds and, or, stands in double quotes; " +
	"between takes from..to; in takes values with commas. Rules with brackets go into a file.\n\n" +
	`With --json one document: {"module", "result", "changes": [{"change", "key", "rule", "was", "now"}], "configuration_id", ` +
	`"configuration", "differs", "faults": [{"key", "code", "what"}], "credits"}; result is created, updated, deleted, ` +
	"unchanged, planned or refused; differs is what Zoho made of it otherwise."

func (a *app) configCreateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create MODULE", Short: "Give a module a configuration",
		Long: "Gives a module that has none a record locking configuration. Ids in a file that config get wrote are left " +
			"out: what was deleted can be made again.\n\n" + editLong,
		Example: "  zlock config create Deals --lock-type manual --restrict delete,change_owner\n" +
			"  zlock config create Leads --lock-type both --lock-existing \\\n" +
			"    --rule 'Lost: Lead_Status equal Lost Lead or Rating equal Shut Down'\n" +
			"  zlock config create Deals -f deals.yaml --yes",
		Annotations: configExits("the module has it"),
		Args:        oneModule("create"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.configCreate(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	defineEdit(cmd)
	return cmd
}

func (a *app) configUpdateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update MODULE", Short: "Change a module's configuration",
		Long: "Changes a module's record locking configuration. Keys that are not given stay as they are; a list that is given " +
			"replaces the one there is (none empties it). Rules are changed one by one: an entry with the id or the name of a " +
			"rule changes it, any other is a new rule, one with _delete: true takes the rule away, and rules that are not " +
			"named stay. Where nothing would change nothing is sent, and that is a success.\n\n" + editLong,
		Example: "  zlock config update Deals --exclude-profile Administrator --restrict delete\n" +
			"  zlock config update Deals -f deals.yaml --dry-run\n" +
			"  zlock config get Deals --json | jq '…' | zlock config update Deals -f -",
		Annotations: configExits("it is as wanted"),
		Args:        oneModule("update"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.configUpdate(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(&texts{arg: "NAME"}, "remove-rule", "take the rule of this name or id away; may be repeated")
	defineEdit(cmd)
	return cmd
}

// defineEdit adds the flags that say what a configuration is to be. They stand for no settings: a variable
// or a profile must not change an organisation unseen.
func defineEdit(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.VarP(&word{arg: "FILE"}, "file", "f", "JSON or YAML; - is standard input")
	flags.Var(&word{arg: "TYPE"}, "lock-type", "manual, automatic or both")
	flags.Var(&word{arg: "WHO"}, "locked-for", "all_profiles or all_profiles_except_excluded_profiles")
	flags.Var(&texts{arg: "PROFILES"}, "exclude-profile", "whom a lock does not bind: names or ids, commas between, or none")
	flags.Var(&texts{arg: "FIELDS"}, "exclude-field", "what stays editable: API names or ids, commas between, or none")
	flags.Var(&texts{arg: "WHAT"}, "restrict", "what is blocked besides edits: tags convert delete change_owner send_mail …, commas between, or none")
	flags.Var(&texts{arg: "RULE"}, "rule", "a rule, such as 'Won: Stage equal Closed Won'; may be repeated")
	flags.Bool("lock-existing", false, "the rules given lock records that are there already, too")
	flags.Bool("dry-run", false, "show what would change, and send nothing")
	define(flags, "yes", "json", "expect-org")
	defineInquiry(cmd)
}

func (a *app) configDeleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete MODULE", Short: "Take a module's configuration away",
		Long: "Takes a module's record locking configuration away: then nothing of it can be locked. What becomes of the locks " +
			"that are there Zoho does not document: unlock the records first. Keep a copy: zlock config get MODULE --yaml. " +
			"A terminal is asked first; anything else is not. Where there is none, that is a success.",
		Example: "  zlock config get Deals --yaml > deals.yaml\n" +
			"  zlock config delete Deals",
		Annotations: configExits("the module has none"),
		Args:        oneModule("delete"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.configDelete(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	cmd.Flags().Bool("dry-run", false, "show what would go, and send nothing")
	define(cmd.Flags(), "yes", "json", "expect-org")
	defineInquiry(cmd)
	return cmd
}
