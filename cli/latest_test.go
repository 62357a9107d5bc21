package cli_test

import (
	"strings"
	"testing"
)

// TestLatestIsNamed: latest is the newest run, whatever made it. Where that may not be the one meant, it is
// said which it is, and how to name the other.
func TestLatestIsNamed(t *testing.T) {
	const ofOne, ofJob = "latest is run RUN (lock Leads 5843104000000200951); for run RUN (job.csv, ", "completed): zlock "
	for name, in := range map[string]struct {
		before  []string // commands
		args    string
		code    int
		says    string // "" for nothing about it
		runName bool   // the run is named
	}{
		"results of one record":    {[]string{"run job.csv", "lock"}, "results", 0, ofOne + ofJob + "results RUN\n", false},
		"status of one record":     {[]string{"run job.csv", "lock"}, "status latest", 0, ofOne + ofJob + "status RUN\n", false},
		"verify of one record":     {[]string{"run job.csv", "lock"}, "verify", 0, ofOne + ofJob + "verify RUN\n", false},
		"report of one record":     {[]string{"run job.csv", "lock"}, "report -o r.html", 0, ofOne + ofJob + "report RUN\n", false},
		"retry of one record":      {[]string{"run job.csv", "lock"}, "retry", 0, ofOne + ofJob + "retry RUN\n", false},
		"undo of one record":       {[]string{"run job.csv", "lock"}, "undo", 0, ofOne + ofJob + "undo RUN\n", false},
		"undo foretold":            {[]string{"run job.csv", "lock"}, "undo --dry-run", 0, ofOne + ofJob + "undo RUN\n", false},
		"several of one record":    {[]string{"run job.csv", "lock", "lock"}, "status", 0, ofOne + ofJob + "status RUN\n", false},
		"resume of what is done":   {[]string{"run job.csv --limit 1", "lock"}, "resume", 0, ofOne + "paused, 2 rows left): zlock resume RUN\n", false},
		"resume, a job done since": {[]string{"run job.csv --limit 1", "run other.csv"}, "resume", 0, "latest is run RUN (other.csv); for run RUN (job.csv, paused, 2 rows left): zlock resume RUN\n", false},
		"resume, nothing is left":  {[]string{"run job.csv", "lock"}, "resume", 0, "", false},
		"the job is the latest":    {[]string{"lock", "run job.csv"}, "status", 0, "", false},
		"the run is named":         {[]string{"run job.csv", "lock"}, "status", 0, "", true},
		"there is no other":        {[]string{"lock"}, "status", 0, "", false},
		"quiet":                    {[]string{"run job.csv", "lock"}, "status --quiet", 0, "", false},
		"a job file called so":     {[]string{"run job.csv", "lock.csv"}, "status", 0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.locks("job.csv", 0, 3)
			s.locks("other.csv", 3, 5)
			s.locks("lock Leads", 5, 6)
			for _, command := range in.before {
				args := strings.Fields(command)
				switch command {
				case "lock":
					args = []string{"lock", "Leads", leadID(9), "--reason", "Audit"}
				case "lock.csv":
					args = []string{"run", "lock Leads"}
				}
				s.run(args...)
			}
			args := strings.Fields(in.args)
			if in.runName {
				args = append(args, s.status().Run)
			}
			o := s.want(s.run(args...), in.code)
			_, said, found := strings.Cut(steady(o.err), "latest is run")
			line, _, _ := strings.Cut(said, "\n")
			if in.says == "" && found || in.says != "" && "latest is run"+line+"\n" != in.says {
				t.Errorf("said %s\nwant %q", o.err, in.says)
			}
		})
	}
}
