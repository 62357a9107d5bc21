package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSkippingIsOfferedOnlyWhereItHelps(t *testing.T) {
	const head, good, bad = "id,module,action,reason\n", "5843104000000200351,Leads,unlock,\n", "x,Leads,unlock,\n"
	for _, in := range []struct {
		name, file string
		offered    bool
	}{
		{"some rows are good", head + good + bad, true},
		{"no row is good", head + bad, false},
		{"no header", good, false},
		{"a column is missing", "name\nx\n", false},
		{"a quote swallows rows", head + good + "7,Leads,lock,\"open\n" + good, false},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t)
			o := s.want(s.run("run", s.file("job.csv", in.file), "--simulate"), 3, "mend the file")
			if got := strings.Contains(o.err, "--on-invalid skip"); got != in.offered {
				t.Errorf("skipping is offered: %v, want %v\n%s", got, in.offered, o.err)
			}
		})
	}
}

func TestARaggedRowIsTold(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "id,module,action\r\n1\r\n2,Leads,unlock\r\n")
	o := s.want(s.run("run", "job.csv", "--simulate"), 3, "line 2, 1: 1 field; the header names 3 columns\n")
	if strings.Contains(o.err, `\u{`) {
		t.Errorf("the end of the line is part of its value:\n%s", o.err)
	}
	s.want(s.run("run", "job.csv", "--simulate", "--on-invalid", "skip"), 5, "1 RAGGED_ROW, such as line 2: 1 field")
}

func TestCommandsWithoutArguments(t *testing.T) {
	for _, command := range []string{"version", "runs"} {
		s := newStage(t)
		s.want(s.run(command, "extra"), 2, command+" takes no argument")
	}
}

func TestAFileThatCannotBeReadIsADocumentToo(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "id,module,action\nx,Leads,unlock\n1,Le\xffads,unlock\n")
	for _, command := range []string{"run", "plan"} {
		o := s.want(s.run(command, "job.csv", "--simulate", "--json", "--faults", command+".jsonl"), 3, "line 3: not UTF-8")
		for _, code := range []string{`"line":2,"column":"id","value":"x","code":"ID_NOT_DIGITS"`, `"line":3,"code":"NOT_UTF8"`} {
			if !strings.Contains(o.out, code) || strings.Count(o.out, "\n") != 1 {
				t.Errorf("%s does not say %s: %s", command, code, o.out)
			}
		}
		kept, err := os.ReadFile(filepath.Join(s.dir, command+".jsonl"))
		if err != nil || strings.Count(string(kept), "\n") != 2 || !strings.Contains(string(kept), "NOT_UTF8") {
			t.Errorf("--faults: %s (%v)", kept, err)
		}
	}
}

func TestConfigurationIsBounded(t *testing.T) {
	s := newStage(t)
	s.file("zlock.yaml", "profiles: {}\n"+strings.Repeat("# more\n", 200_000))
	s.want(s.run("run", s.locks("job.csv", 0, 2), "--simulate", "--config", "zlock.yaml"), 2, "read configuration")
}
