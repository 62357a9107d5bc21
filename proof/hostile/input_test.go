package hostile_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// input is one way in which a file, a flag or an answer can be bad or odd, with instances of it.
type input struct {
	number int
	what   string
	note   string // what the answer alone does not say
	trials []trial
}

// trial is one instance, and the verdict that it must get:
//
//	taken 2                        the job file is in order and has two rows
//	refused 2:RAGGED_ROW …         exit 3, no call, no run; the faults with their lines
//	exit 2: text                   the command ends so, and says text
//	anything else                  what the trial's own function says of it
type trial struct {
	name string
	want string
	try  func(*testing.T) string
}

// jobFile is a trial of a job file.
func jobFile(name, file, content, want string, flags ...string) trial {
	return trial{name: name, want: want, try: func(t *testing.T) (verdict string) {
		atDesk(t, sim.Config{}, func(d *desk) {
			d.file(file, content)
			if strings.HasPrefix(want, "taken") {
				verdict = d.planned(file, flags)
			} else {
				verdict = d.refused(file, flags)
			}
		})
		return verdict
	}}
}

func csv(name, content, want string, flags ...string) trial {
	return jobFile(name, "job.csv", content, want, flags...)
}

func jsonl(name, content, want string, flags ...string) trial {
	return jobFile(name, "job.jsonl", content, want, flags...)
}

// planned says how many rows the program found in a job file.
func (d *desk) planned(file string, flags []string) string {
	s := d.run(append([]string{"plan", file, "--json"}, flags...)...)
	var doc struct{ Rows struct{ Total int } }
	if err := json.Unmarshal([]byte(s.out), &doc); err != nil || s.code != 0 {
		return fmt.Sprintf("exit %d: %s%s", s.code, s.out, s.err)
	}
	verdict := "taken " + strconv.Itoa(doc.Rows.Total)
	if _, warning, warned := strings.Cut(s.err, "warning: "); warned {
		verdict += ", warned: " + strings.TrimSpace(warning)
	}
	return verdict
}

// refused says for what the program would not carry a job file out, if nothing came of it.
func (d *desk) refused(file string, flags []string) string {
	s := d.run(append([]string{"run", file, "--json"}, flags...)...)
	if s.code != 3 || !strings.Contains(s.err, "nothing was sent") {
		return fmt.Sprintf("exit %d: %s%s", s.code, s.out, s.err)
	}
	if calls := d.org.Stats().Calls; calls > 0 {
		return fmt.Sprintf("refused, after %d calls", calls)
	}
	if runs := d.run("runs", "--json"); strings.Contains(runs.out, `"run"`) {
		return "refused, and a run is left: " + runs.out
	}
	return "refused " + faultsOf(s)
}

// command is a trial of a command line; want is "exit N: text".
func command(name, want string, args ...string) trial {
	return commandIn(name, want, nil, args...)
}

// commandIn is command at a desk that was changed before.
func commandIn(name, want string, change func(*desk), args ...string) trial {
	return trial{name: name, want: want, try: func(t *testing.T) (verdict string) {
		atDesk(t, sim.Config{}, func(d *desk) {
			d.file("job.csv", row(recordID))
			if change != nil {
				change(d)
			}
			s := d.run(args...)
			verdict = fmt.Sprintf("exit %d: %s", s.code, s.err)
			if s.code == 2 && d.org.Stats().Calls > 0 {
				verdict += " after calls"
			}
		})
		_, text, _ := strings.Cut(want, ": ")
		if prefix, said, _ := strings.Cut(verdict, ": "); strings.Contains(said, text) && !strings.Contains(verdict, "after calls") {
			return prefix + ": " + text
		}
		return verdict
	}}
}

// inputs are all of them, in their order.
func inputs() []input {
	return slices.Concat(encodings(), shapes(), ids(), actionsAndReasons(), jsonLines(), flagsAndNames(), answers())
}

func TestInputs(t *testing.T) {
	for _, in := range inputs() {
		for _, c := range in.trials {
			t.Run(fmt.Sprintf("%02d %s", in.number, c.name), func(t *testing.T) {
				t.Parallel()
				if got := c.try(t); got != c.want {
					t.Errorf("%s\n got %s\nwant %s", in.what, got, c.want)
				}
			})
		}
	}
}
