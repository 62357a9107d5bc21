package cli_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// pretend is a zlock sim under way, in a stage of its own.
type pretend struct {
	*stage
	*going
	env map[string]string
}

// pretendZoho starts zlock sim on a free port and reads the variables that it prints.
func pretendZoho(t *testing.T, dir string, args ...string) *pretend {
	t.Helper()
	s := newStage(t)
	if dir != "" {
		s.dir = dir
	}
	s.signals = make(chan os.Signal, 1)
	p := &pretend{stage: s, env: map[string]string{}}
	p.going = s.start(append([]string{"sim", "--listen", "127.0.0.1:0", "--latency", "0s"}, args...)...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := p.until(ctx, "Ctrl-C stops it"); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.out.String()) {
		if pair, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			name, value, _ := strings.Cut(pair, "=")
			p.env[name] = value
		}
	}
	return p
}

// stop ends it as Ctrl-C does.
func (p *pretend) stop() outcome {
	p.stage.t.Helper()
	p.signals <- os.Interrupt
	return p.want(p.wait(), 0)
}

// guest is a stage that knows nothing but what sim printed.
func (p *pretend) guest(t *testing.T) *stage {
	s := newStage(t)
	for name, value := range p.env {
		s.env[name] = value
	}
	s.dir = p.dir
	return s
}

// console is the state as the page shows it.
func (p *pretend) console(t *testing.T) (state struct {
	Calls, Locked int
	Modules       []struct {
		Name            string
		Records, Locked int
	}
}) {
	t.Helper()
	resp, err := http.Get(p.env["ZLOCK_API_URL"] + "/console/state")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// Everything works against it with nothing but the printed variables.
func TestSimAndTheWholeProduct(t *testing.T) {
	p := pretendZoho(t, "", "--records", "40", "--modules", "Leads,Trees", "--locked", "50%", "--edition", "professional",
		"--write-job", "all.csv", "--faults", "429:10%,drop-after:lock:#1:20%")
	g := p.guest(t)
	before := p.console(t)
	if before.Locked == 0 || before.Locked == 40 {
		t.Fatalf("state %+v", before)
	}
	g.want(g.run("plan", "all.csv"), 0)
	g.want(g.run("run", "all.csv", "--limit", "3", "--no-progress"), 6)
	g.want(g.run("resume", "--no-progress"), 0)
	st := g.status()
	if got := st.Rows["locked"]; got != int64(40-before.Locked) || st.Rows["total"] != got {
		t.Errorf("rows %v, %d locked before", st.Rows, before.Locked)
	}
	if o := g.want(g.run("results"), 0); strings.Count(o.out, "Rehearsal") != 40-before.Locked {
		t.Errorf("results %s", o.out)
	}
	after := p.console(t)
	if after.Locked != 40 || after.Calls == 0 {
		t.Errorf("state %+v", after)
	}
	end := p.stop()
	if !strings.Contains(end.err, "40 records are locked now; nothing of it is kept") {
		t.Errorf("it said at the end: %s", end.err)
	}
}

func TestSimHoldsAJobFilesRecords(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "record_id,module,action,reason\n5843104000000200051,Leads,lock,Audit\n5843104000000200052,Leads,unlock,\n"+
		"5843104000000200052,Leads,unlock,\n5843104000000200053,Shrubs,update_reason,Audit\nnonsense,Leads,lock,Audit\n"+
		"5843104000000209004,Leads,lock,Audit\n")
	p := pretendZoho(t, s.dir, "--from", "job.csv", "--endings")
	if !strings.Contains(p.going.err.String(), "1 row of job.csv is faulty and passed over; zlock plan job.csv lists") {
		t.Errorf("it said: %s", p.going.err.String())
	}
	g := p.guest(t)
	g.want(g.run("run", "job.csv", "--on-invalid", "skip", "--no-progress"), 5)
	want := map[string]int64{"locked": 1, "unlocked": 1, "reason_updated": 1, "duplicate": 1, "invalid": 1, "failed": 1}
	rows := g.status().Rows
	for name, n := range want {
		if rows[name] != n {
			t.Errorf("%s %d, want %d of %v", name, rows[name], n, rows)
		}
	}
	p.stop()
}

func TestSimGoesOnFromItsState(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--records", "10", "--modules", "Deals", "--write-job", "all.csv", "--force", "--state", "sim.state"}
	p := pretendZoho(t, dir, args...)
	g := p.guest(t)
	g.want(g.run("run", "all.csv", "--limit", "4", "--no-progress"), 6)
	if end := p.stop(); !strings.Contains(end.err, "4 records are locked now; kept in "+filepath.Join(dir, "sim.state")) {
		t.Errorf("it said at the end: %s", end.err)
	}
	p = pretendZoho(t, dir, args...)
	if !strings.Contains(p.going.err.String(), "10 records, 4 locked") {
		t.Errorf("it said: %s", p.going.err.String())
	}
	other := newStage(t)
	other.dir = dir
	o := other.run("sim", "--records", "10", "--modules", "Deals", "--state", "sim.state", "--listen", "0")
	other.want(o, 2, "another zlock sim uses it")
	p.stop()
	o = other.run("sim", "--records", "11", "--modules", "Deals", "--state", "sim.state", "--listen", "0")
	other.want(o, 2, "begun with other records", "name another file")
}

func TestSimPrintsOneDocument(t *testing.T) {
	p := pretendZoho(t, "", "--records", "10", "--modules", "Deals", "--seed", "3", "--json", "--credits", "0")
	var d struct {
		URL, Page   string
		Environment map[string]string
		Credits     int64
		Modules     []struct {
			Module          string
			Records, Locked int
		}
	}
	if err := json.Unmarshal([]byte(p.going.out.String()), &d); err != nil {
		t.Fatal(err)
	}
	if d.Page != d.URL+"/" || d.Environment["ZLOCK_API_URL"] != d.URL || d.Environment["ZLOCK_REFRESH_TOKEN"] == "" || d.Credits != 0 {
		t.Errorf("document %+v", d)
	}
	held := 0
	for _, m := range d.Modules {
		held += m.Records
	}
	if held != 10 || len(d.Modules) < 10 {
		t.Errorf("modules %+v", d.Modules)
	}
	resp, err := http.Get(d.Page)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page: %s", resp.Status)
	}
	busy := newStage(t)
	o := busy.run("sim", "--listen", strings.TrimPrefix(d.URL, "http://"))
	busy.want(o, 2, "the address is in use", "--listen 127.0.0.1:0")
	p.stop()
	if p.going.out.Len() > 2000 || strings.Count(p.going.out.String(), "\n") != 1 {
		t.Errorf("standard output: %s", p.going.out.String())
	}
}

func TestSimWarnsOfOtherAddresses(t *testing.T) {
	p := pretendZoho(t, "", "--records", "1", "--listen", "0.0.0.0:0")
	if err := p.going.until(t.Context(), "warning: anybody who reaches 0.0.0.0:0 can use"); err != nil || !strings.Contains(p.env["ZLOCK_API_URL"], "//127.0.0.1:") {
		t.Errorf("%v; it said: %s\n%v", err, p.going.err.String(), p.env)
	}
	p.stop()
	p = pretendZoho(t, "", "--records", "1")
	if strings.Contains(p.going.err.String(), "warning") {
		t.Errorf("it said: %s", p.going.err.String())
	}
	p.stop()
}

func TestSimRefuses(t *testing.T) {
	for _, in := range []struct{ args, says string }{
		{"--records 0", "--records 0: must be a whole number from 1 to 5,000,000"},
		{"--locked 101%", "--locked 101%: must be a percentage above 0"},
		{"--edition gold", "one of free, standard"},
		{"--concurrency -1", "from 0 to 10,000"},
		{"--credits x", "--credits x"},
		{"--composite some", "one of none, reads, all"},
		{"--latency slow", "such as 40-120ms"},
		{"--latency 120-40ms", "such as 40-120ms"},
		{"--latency 2m", "up to 1m"},
		{"--seed -1", "--seed -1"},
		{"--listen 127.0.0.1", "must be an address and a port"},
		{"--listen 99999", "a port from 0 to 65535"},
		{"--listen 192.0.2.1:0", "name an address of this machine"},
		{"--modules De-als", "--modules De-als: not a module's API name"},
		{"--modules ,", "name at least one"},
		{"--from nowhere.csv", "nowhere.csv"},
		{"--faults 430", `there is no fault "430"`},
		{"--rate 5", "--rate is not a flag of zlock sim"},
		{"job.csv", "sim takes no argument"},
	} {
		t.Run(in.args, func(t *testing.T) {
			s := newStage(t)
			s.want(s.run(append([]string{"sim"}, strings.Fields(in.args)...)...), 2, in.says)
		})
	}
	s := newStage(t)
	s.file("there.csv", "x")
	s.want(s.run("sim", "--write-job", "there.csv"), 2, "it is there already")
	s.file("broken.csv", "a,b\n1,2\n")
	s.want(s.run("sim", "--from", "broken.csv"), 3, "broken.csv")
}

func TestFaultsLanguage(t *testing.T) {
	tests := []struct {
		text string
		want sim.Fault
		says string
	}{
		{text: "429:5%", want: sim.Fault{Do: sim.Throttle429, Match: sim.Match{Prob: 0.05}}},
		{text: "429:30s:0.5%", want: sim.Fault{Do: sim.Throttle429, For: 30 * time.Second, Match: sim.Match{Prob: 0.005}}},
		{text: "500", want: sim.Fault{Do: sim.Status500Before}},
		{text: "slow:3s:10%:reads", want: sim.Fault{Do: sim.Slow, For: 3 * time.Second, Match: sim.Match{Prob: 0.1, Op: sim.AnyRead}}},
		{text: "drop-after:lock:#1", want: sim.Fault{Do: sim.DropAfter, Match: sim.Match{Op: sim.OpLock, Nth: 1}}},
		{text: "hang:/100", want: sim.Fault{Do: sim.Hang, Match: sim.Match{Every: 100, Overall: true}}},
		{text: "outage:30s@2m", want: sim.Fault{Do: sim.Outage, Match: sim.Match{From: 2 * time.Minute, Until: 150 * time.Second}}},
		{text: "outage:30s", want: sim.Fault{Do: sim.Outage, Match: sim.Match{Until: 30 * time.Second}}},
		{text: "outage@1m-90s", want: sim.Fault{Do: sim.Outage, Match: sim.Match{From: time.Minute, Until: 90 * time.Second}}},
		{text: "429-credits@1h", want: sim.Fault{Do: sim.Throttle429Credits, Match: sim.Match{From: time.Hour}}},
		{text: "429:token", want: sim.Fault{Do: sim.Throttle429, Match: sim.Match{Op: sim.OpToken}}},
		{text: "outag:5%", says: "did you mean outage?"},
		{text: "", says: `there is no fault ""`},
		{text: "429:0%", says: "no share above 0%"},
		{text: "429:101%", says: "no share above 0%"},
		{text: "429:NaN%", says: "no share above 0%"},
		{text: "429:5%:6%", says: "it has two shares"},
		{text: "429:5", says: "no share, no span, and no call (reads writes lock"},
		{text: "429:#0", says: "no whole number from 1"},
		{text: "429:/x", says: "no whole number from 1"},
		{text: "429:-3s", says: "no share, no span"},
		{text: "slow", says: "slow needs a span, such as slow:3s"},
		{text: "late-effect:5%", says: "late-effect needs a span"},
		{text: "429@soon", says: "no span after the start"},
		{text: "429@2m-1m", says: "ends later than it begins"},
		{text: "outage:30s@1m-2m", says: "its end is given twice"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := cli.ParseFaults([]string{tt.text})
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("error %v, want %s", err, tt.says)
				}
				return
			}
			if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], tt.want) {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
			if _, err := sim.New(sim.Config{Script: got}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSimScreens(t *testing.T) {
	s := newStage(t)
	compare(t, filepath.Join("testdata", "sim-help.golden"), s.want(s.run("sim", "--help"), 0).out)
	compare(t, filepath.Join("testdata", "sim-fault.golden"), s.want(s.run("sim", "--faults", "429:5"), 2).err)
	for name, args := range map[string][]string{
		"sim-one":  {"--records", "1", "--modules", "Deals", "--credits", "0", "--concurrency", "1"},
		"sim-many": {"--records", "12000", "--modules", "Deals,sales_orders", "--locked", "30%", "--faults", "429:5%,outage:30s@2m"},
	} {
		p := pretendZoho(t, "", args...)
		end := p.stop()
		compare(t, filepath.Join("testdata", name+".golden"), steady(end.out)+"--- standard error\n"+steady(end.err))
	}
}
