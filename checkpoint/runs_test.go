package checkpoint_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// several makes runs a, ab and b, in this order a minute apart.
func several(t testing.TB) *checkpoint.DB {
	t.Helper()
	d := fresh(t)
	for i, id := range []string{"20260301-120000-aaaa", "20260301-120000-aabb", "20260302-120000-bbbb"} {
		run := aRun(id)
		run.CreatedAt = run.CreatedAt.Add(time.Duration(i) * time.Minute)
		run.SHA256, run.Identity = fmt.Sprint("sha", i%2), fmt.Sprint("identity", i/2)
		enrol(t, d, run, locks(1))
	}
	return d
}

func TestFind(t *testing.T) {
	d := several(t)
	tests := []struct{ ref, want string }{
		{"latest", "20260302-120000-bbbb"},
		{"", "20260302-120000-bbbb"},
		{"20260301-120000-aaaa", "20260301-120000-aaaa"},
		{"20260301-120000-aab", "20260301-120000-aabb"},
		{"20260302", "20260302-120000-bbbb"},
	}
	for _, tt := range tests {
		if got := find(t, d, tt.ref); got.ID != tt.want {
			t.Errorf("%q: %s, want %s", tt.ref, got.ID, tt.want)
		}
	}
	for _, ref := range []string{"2027", "%", "bbbb", "20260301-120000-aaaaa"} {
		_, err := d.Find(t.Context(), ref)
		var none *checkpoint.NoRunError
		if !errors.As(err, &none) || none.Ref != ref {
			t.Errorf("%q: %v", ref, err)
		}
	}
	_, err := d.Find(t.Context(), "20260301")
	var many *checkpoint.AmbiguousError
	if !errors.As(err, &many) || !slices.Equal(many.Matches, []string{"20260301-120000-aabb", "20260301-120000-aaaa"}) {
		t.Errorf("ambiguous: %v", err)
	}
	if !strings.Contains(err.Error(), "20260301-120000-aabb, 20260301-120000-aaaa") {
		t.Errorf("does not name them: %v", err)
	}
	if _, err := fresh(t).Find(t.Context(), "latest"); err == nil || !strings.Contains(err.Error(), "zlock run") {
		t.Errorf("no run at all: %v", err)
	}
}

func TestRunsNewestFirst(t *testing.T) {
	runs, err := several(t).Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID[16:])
		if r.Counts[batch.Pending] != 1 {
			t.Errorf("%s: %v", r.ID, r.Counts)
		}
	}
	if !slices.Equal(ids, []string{"bbbb", "aabb", "aaaa"}) {
		t.Error(ids)
	}
}

func TestFindIdentityAndJob(t *testing.T) {
	d := several(t)
	run, ok, err := d.FindIdentity(t.Context(), "identity0")
	if err != nil || !ok || run.ID != "20260301-120000-aabb" {
		t.Errorf("identity: %s, %v, %v", run.ID, ok, err)
	}
	run, ok, err = d.FindJob(t.Context(), "org", "sha0")
	if err != nil || !ok || run.ID != "20260302-120000-bbbb" {
		t.Errorf("job: %s, %v, %v", run.ID, ok, err)
	}
	if _, ok, err := d.FindIdentity(t.Context(), "other"); ok || err != nil {
		t.Errorf("other identity: %v, %v", ok, err)
	}
	if _, ok, err := d.FindJob(t.Context(), "other org", "sha0"); ok || err != nil {
		t.Errorf("other org: %v, %v", ok, err)
	}
}

func TestARunIsKeptWhole(t *testing.T) {
	d := fresh(t)
	e, err := d.Enrol(t.Context(), batch.Run{ID: runID, Org: "org", CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Add(locks(1)[0]); err != nil {
		t.Fatal(err)
	}
	want := aRun(runID)
	want.Header, want.Settings = []string{"Récord \"Id\"", "", "<b>"}, map[string]string{"rate": "5", "map": "a=b\nc"}
	want.Simulated, want.Forecast = true, 17
	got, err := e.Finish(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	want.State, want.Total, want.Counts = batch.Enrolled, 1, map[batch.Outcome]int64{batch.Pending: 1}
	want.UpdatedAt = got.UpdatedAt
	if !reflect.DeepEqual(got, want) || got.UpdatedAt.IsZero() {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := d.SetSettings(t.Context(), runID, map[string]string{"rate": "9"}); err != nil {
		t.Fatal(err)
	}
	if got := find(t, d, runID).Settings; !reflect.DeepEqual(got, map[string]string{"rate": "9"}) {
		t.Errorf("settings %v", got)
	}
	if err := d.SetSettings(t.Context(), "other", nil); !errors.As(err, new(*checkpoint.NoRunError)) {
		t.Errorf("settings of no run: %v", err)
	}
}

func TestADeadOwnersRunIsInterrupted(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(3))
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: 2})
	alive := true
	d.JudgeOwners(func(r batch.Run) bool { return alive && r.Owner == "pid 1 on host" })
	if run := find(t, d, runID); run.State != batch.Running || run.Counts[batch.Sending] != 2 || run.Owner == "" {
		t.Errorf("alive: %+v", run)
	}
	alive = false
	run := find(t, d, runID)
	if run.State != batch.Interrupted || run.StoppedBy != batch.StopKilled || run.Owner != "" || !run.EndedAt.Equal(run.UpdatedAt) {
		t.Errorf("dead: %+v", run)
	}
	if run.Counts[batch.Sending] != 0 || run.Counts[batch.Unknown] != 2 || run.Open() != 3 {
		t.Errorf("dead: %v", run.Counts)
	}
	for only, want := range map[batch.Outcome]int{batch.Unknown: 2, batch.Sending: 0, batch.Pending: 1} {
		rows := rowsOf(t, d, runID, only)
		if len(rows) != want {
			t.Errorf("%d rows are %s, want %d", len(rows), only, want)
		}
		for _, r := range rows {
			if r.Outcome != only {
				t.Errorf("row %d is %s among %s", r.Seq, r.Outcome, only)
			}
		}
	}
	s.Close()
	s = begin(t, d, runID)
	if _, err := s.End(t.Context(), batch.Paused, batch.StopBudget); err != nil {
		t.Fatal(err)
	}
	if run := find(t, d, runID); run.State != batch.Paused || run.StoppedBy != batch.StopBudget {
		t.Errorf("ended: %+v", run)
	}
}

func TestEnrolRefuses(t *testing.T) {
	d := fresh(t)
	for _, run := range []batch.Run{{ID: "", Org: "org"}, {ID: "../x", Org: "org"}, {ID: "a b", Org: "org"}, {ID: runID}} {
		if _, err := d.Enrol(t.Context(), run); err == nil {
			t.Errorf("enrolled %+v", run)
		}
	}
	enrol(t, d, aRun(runID), nil)
	if _, err := d.Enrol(t.Context(), aRun(runID)); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("twice: %v", err)
	}
	e, err := d.Enrol(t.Context(), aRun("other"))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Discard(t.Context())
	row := locks(1)[0]
	row.Seq = 5
	if err := e.Add(row); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*batch.Row){
		"the same again":    func(*batch.Row) {},
		"seq 0":             func(r *batch.Row) { r.Seq = 0 },
		"seq too high":      func(r *batch.Row) { r.Seq = 1 << 32 },
		"after itself":      func(r *batch.Row) { r.Seq, r.After = 6, 6 },
		"done already":      func(r *batch.Row) { r.Seq, r.Outcome = 6, batch.Locked },
		"in flight already": func(r *batch.Row) { r.Seq, r.Outcome = 6, batch.Sending },
	} {
		bad := row
		change(&bad)
		if err := e.Add(bad); err == nil {
			t.Errorf("added a row: %s", name)
		}
	}
	for name, mark := range map[string]func() error{
		"of no row":         func() error { return e.Mark(6, batch.Duplicate, "", "", 0) },
		"of seq 0":          func() error { return e.Mark(0, batch.Duplicate, "", "", 0) },
		"after itself":      func() error { return e.Mark(5, batch.Pending, "", "", 5) },
		"as locked":         func() error { return e.Mark(5, batch.Locked, "", "", 0) },
		"without a meaning": func() error { return e.Mark(5, "", "", "", 0) },
	} {
		if err := mark(); err == nil {
			t.Errorf("marked: %s", name)
		}
	}
	if _, err := e.Finish(t.Context(), aRun(runID)); err == nil {
		t.Error("finished as another run")
	}
}

func TestAFaultySinkStaysFaulty(t *testing.T) {
	d := fresh(t)
	e, err := d.Enrol(t.Context(), aRun(runID))
	if err != nil {
		t.Fatal(err)
	}
	bad := locks(1)[0]
	bad.RecordID = "5.84E+18"
	if err := e.Add(bad); err != nil {
		t.Fatal(err) // it waits to be written
	}
	if err := e.Mark(1, batch.Pending, "", "", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Finish(t.Context(), aRun(runID)); err == nil {
		t.Fatal("a row without a sound id was enrolled")
	}
	good := locks(2)[1]
	if err := e.Add(good); err == nil {
		t.Error("more was added after a fault")
	}
	if err := e.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs, err := d.Runs(t.Context()); err != nil || len(runs) > 0 {
		t.Errorf("%v, %v", runs, err)
	}
	if err := e.Add(good); err == nil {
		t.Error("more was added after the end")
	}
}

func TestMark(t *testing.T) {
	d := fresh(t)
	e, err := d.Enrol(t.Context(), aRun(runID))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range locks(4) {
		if row.Seq == 4 {
			row.RecordID, row.Action, row.Module, row.Outcome, row.Code = "5.84E+18", "", "", batch.Invalid, "ID_DAMAGED"
		}
		if err := e.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []func() error{
		func() error { return e.Mark(2, batch.Duplicate, "DUPLICATE", "same as line 2", 0) },
		func() error { return e.Mark(3, batch.Pending, "", "", 1) },
	} {
		if err := m(); err != nil {
			t.Fatal(err)
		}
	}
	run, err := e.Finish(t.Context(), aRun(runID))
	if err != nil {
		t.Fatal(err)
	}
	want := map[batch.Outcome]int64{batch.Pending: 2, batch.Duplicate: 1, batch.Invalid: 1}
	if !reflect.DeepEqual(run.Counts, want) || run.Total != 4 {
		t.Errorf("%v of %d", run.Counts, run.Total)
	}
	rows := rowsOf(t, d, runID)
	if rows[1].Code != "DUPLICATE" || rows[1].Message != "same as line 2" || rows[2].After != 1 || rows[3].RecordID != "5.84E+18" {
		t.Errorf("%+v", rows)
	}
	checkSums(t, d, run)
}

func TestARunWithoutOpenRowsIsCompleted(t *testing.T) {
	d := fresh(t)
	if run := enrol(t, d, aRun("empty"), nil); run.State != batch.Completed || run.EndedAt.IsZero() {
		t.Errorf("%+v", run)
	}
	rows := locks(1)
	rows[0].Outcome = batch.Invalid
	if run := enrol(t, d, aRun("faulty"), rows); run.State != batch.Completed || run.Total != 1 {
		t.Errorf("%+v", run)
	}
}

func TestARunIsHiddenUntilFinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := open(t, path)
	e, err := d.Enrol(t.Context(), aRun(runID))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5001 {
		row := locks(1)[0]
		row.Seq = int64(i + 1)
		if err := e.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, path) // must not sweep what is being enrolled
	if runs, err := other.Runs(t.Context()); err != nil || len(runs) > 0 {
		t.Errorf("shown: %v, %v", runs, err)
	}
	if _, err := d.Begin(t.Context(), runID, ""); err == nil {
		t.Error("begun")
	}
	if err := d.Remember(t.Context(), "org", "me", "1"); err != nil {
		t.Errorf("beside an enrolment: %v", err)
	}
	if run, err := e.Finish(t.Context(), aRun(runID)); err != nil || run.Total != 5001 {
		t.Errorf("%+v, %v", run, err)
	}
	if err := e.Discard(t.Context()); err != nil { // as a deferred call does
		t.Fatal(err)
	}
	if got := find(t, other, runID).Counts[batch.Pending]; got != 5001 {
		t.Errorf("%d rows", got)
	}
}
