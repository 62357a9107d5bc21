package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// refuseEmpty refuses a flag that is given with nothing, as a variable that is not set leaves it in a
// script. Passed over, it would take away the very guard or filter that it was to be: --max-unlocks "$MOST"
// would unlock any number, and --only "$LIST" take everything back. --reason is let be, since locks without
// a reason can be looked for, and --ticket, which require_ticket judges; and so is the pretend Zoho, which has
// nothing to lose.
func refuseEmpty(cmd *cobra.Command, _ []string) error {
	if cmd.Name() == "sim" {
		return nil
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Name != "reason" && f.Name != "ticket" && givesNothing(f.Value) {
			err = usage("--"+f.Name+" is given with nothing", "give it its "+f.Value.Type()+", or leave it out; is a variable not set?")
		}
	})
	return err
}

// givesNothing reports a value, or one of several, that is but blanks and commas.
func givesNothing(v pflag.Value) bool {
	texts := []string{v.String()}
	if list, ok := v.(interface{ each() []string }); ok {
		texts = list.each()
	}
	for _, text := range texts {
		if strings.Trim(text, ", \t\r\n") == "" {
			return true
		}
	}
	return false
}
