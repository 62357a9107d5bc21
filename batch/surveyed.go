package batch

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"zlock/zoho"
)

// surveyed takes in what came of a bulk read.
func (k *keeper) surveyed(j *job, v verdict) {
	calls, credits := j.spent()
	j.row.Credits += credits
	k.changes.Calls += calls
	k.changes.Credits += credits
	k.report.Precheck.Reads += calls
	switch {
	case v.course == again:
		if v.hold && v.at.After(k.hold) {
			k.hold = v.at
		}
		k.park(j, v)
	case v.course == done:
		k.sort(j)
	case v.course == stopRun:
		k.fatal(v)
		k.letGo(j, v)
	case v.cause != nil:
		k.unlooked(j, v.cause)
	default:
		k.given(v)
		k.letGo(j, v)
	}
}

// sort writes down the rows that a bulk read has settled, and lets the others pass.
func (k *keeper) sort(j *job) {
	s := j.survey
	overlooked := k.pre.overlooked(s)
	var settled, others []*job
	for i, of := range s.jobs {
		v, known := k.r.prejudge(of, s.states[i])
		if s.sample {
			k.pre.count(of, known)
		}
		if !known {
			others = append(others, of)
			continue
		}
		v.http = j.meter.LastStatus
		settled = append(settled, of)
		k.committed = append(k.committed, note{job: of, verdict: v})
	}
	k.share(j, slices.Concat(settled, others))
	for _, n := range k.committed[len(k.committed)-len(settled):] {
		delete(k.active, n.job.row.Seq)
		k.changes.Results = append(k.changes.Results, n.job.result(n.verdict, time.Now()))
	}
	k.report.Precheck.Looked += int64(len(s.jobs))
	k.report.Precheck.Settled += int64(len(settled))
	if s.sample {
		k.dealt += int64(len(settled))
	}
	k.pre.took(len(s.jobs))
	k.back(j, others)
	k.anew(overlooked)
}

// overlooked takes the records out of an answer that it may not be about: where a read of more records than
// any before it finds none of those beyond, the server may overlook, in silence, what a list of ids holds
// past its own limit.
func (p *precheck) overlooked(s *survey) (jobs []*job) {
	if len(s.jobs) <= p.size || slices.ContainsFunc(s.states[p.size:], func(of zoho.LockState) bool { return of != zoho.StateAbsent }) {
		return nil
	}
	jobs = s.jobs[p.size:]
	s.jobs, s.states = s.jobs[:p.size:p.size], s.states[:p.size]
	return jobs
}

// took learns from a bulk read that was answered: the first one of the usual size has the next one try
// for more.
func (p *precheck) took(n int) {
	p.size = max(p.size, n)
	if n >= bulkFirst && !p.grown {
		p.next, p.grown = zoho.MaxBulkIDs, true
	}
}

func (p *precheck) count(j *job, settled bool) {
	kind := ModuleAction{Module: j.row.Module, Action: j.row.Action}
	if p.shares[kind] == nil {
		p.shares[kind] = new(share)
	}
	p.shares[kind].looked++
	if settled {
		p.shares[kind].settled++
	}
}

// share spreads what a bulk read cost over its rows, whole credits each, the first rows first.
func (k *keeper) share(survey *job, jobs []*job) {
	for i := range survey.row.Credits {
		of := jobs[i%len(jobs)]
		if survey.survey.sample && survey.survey.states == nil || survey.survey.sample && !k.ends(of) {
			k.owed[of.row.Seq]++
			continue
		}
		of.row.Credits++
	}
	survey.row.Credits = 0
}

// ends says whether the row is about to be written down as final.
func (k *keeper) ends(j *job) bool {
	return slices.ContainsFunc(k.committed, func(n note) bool { return n.job == j })
}

// back ends a survey: its rows go on to be started, and a sample's stay where they are.
func (k *keeper) back(j *job, jobs []*job) {
	p := k.pre
	p.out--
	if j.survey.sample {
		if p.sampling--; p.sampling == 0 {
			k.decide()
		}
		return
	}
	some := k.wanted(jobs)
	p.cleared = append(p.cleared, some...)
}

// anew has rows looked at once more.
func (k *keeper) anew(jobs []*job) {
	for _, of := range k.wanted(jobs) {
		k.admit(of)
	}
}

// wanted are the rows that may still be worked; the others are given back.
func (k *keeper) wanted(jobs []*job) []*job {
	var some []*job
	for _, of := range jobs {
		if _, blocked := k.report.Blocked[of.row.Module]; blocked || k.tempo() != everything {
			k.letGo(of, verdict{course: giveBack, outcome: Pending})
			continue
		}
		some = append(some, of)
	}
	return some
}

// disband gives the rows of a survey back that is not to be made any more.
func (k *keeper) disband(j *job) {
	k.share(j, j.survey.jobs)
	k.pre.out--
	if j.survey.sample {
		k.pre.sampling--
		return
	}
	for _, of := range j.survey.jobs {
		k.letGo(of, verdict{course: giveBack, outcome: Pending})
	}
}

// unlooked decides what becomes of rows whose bulk read was refused: with fewer of them it may be
// taken; otherwise they are worked without, and where that will not change, so are those to come.
func (k *keeper) unlooked(j *job, e *zoho.Error) {
	p, n := k.pre, len(j.survey.jobs)
	p.next, p.grown = 0, true
	if fewer := min(bulkFirst, n/2); e.Kind == zoho.RequestRefused && fewer >= bulkLeast && (n > bulkFirst || e.Code == "LIMIT_EXCEEDED") {
		p.size = min(p.size, fewer)
		if !j.survey.sample {
			module := j.row.Module
			p.shelf[module] = slices.Concat(j.survey.jobs, p.shelf[module])
			k.share(j, j.survey.jobs)
			p.out--
			return
		}
		j.survey.jobs, j.fault = j.survey.jobs[:fewer], 0
		p.formed = append(p.formed, j)
		return
	}
	k.share(j, j.survey.jobs)
	if e.Phase != zoho.PhaseOpen || e.Kind == zoho.BadAnswer {
		p.barred[j.row.Module] = true
		p.off = p.off || e.Kind == zoho.ScopeMissing
		if !p.warned {
			k.r.options.Log.Warn("bulk reads are refused: rows are worked without being looked at first", "error", e)
			p.warned = true
		}
		p.unshelve(j.row.Module)
	}
	k.back(j, j.survey.jobs)
}

// unshelve lets the module's rows pass that waited to be looked at; all rows once nothing is.
func (p *precheck) unshelve(module string) {
	for _, m := range slices.Sorted(maps.Keys(p.shelf)) {
		if p.off || m == module {
			p.cleared = append(p.cleared, p.shelf[m]...)
			delete(p.shelf, m)
		}
	}
}

// decide says what the sample has shown. Where no kind of rows is worth it, rows are dealt as if there
// had been none.
func (k *keeper) decide() {
	p := k.pre
	if k.tempo() != everything {
		return
	}
	p.decided = true
	var looked, settled float64
	for _, s := range p.shares {
		looked += s.looked
		settled += s.settled
	}
	keen := p.hopeful()
	k.r.options.Learnt.keep(p)
	found := fmt.Sprintf("of %.0f rows looked at beforehand, %.0f are already as wanted or do not exist", looked, settled)
	switch {
	case looked == 0:
		found = "" // refused; that was said
		k.pre = nil
	case keen == 0:
		found += ": no more are looked at, since that would cost more than it saves"
		k.pre = nil
	case keen < len(p.shares):
		found += fmt.Sprintf(": bulk reads sort such rows out first, of %d of %d kinds of rows", keen, len(p.shares))
	default:
		found += ": bulk reads sort such rows out first"
	}
	if k.report.Precheck.Decision = found; found != "" {
		k.r.options.Tell("precheck: " + found)
	}
}

// payOwed writes down the share of rows that were looked at and never dealt.
func (k *keeper) payOwed() {
	if len(k.owed) == 0 || k.broken != nil {
		return
	}
	for _, seq := range slices.Sorted(maps.Keys(k.owed)) {
		k.changes.Results = append(k.changes.Results, Result{Seq: seq, Outcome: Pending, Credits: k.owed[seq]})
	}
	k.owed = map[int64]int{}
	k.commit()
}

// known is how many rows something is known of: a bulk read finds rows that fail long before others
// that it has let pass can end well.
func (k *keeper) known() int64 { return max(k.ended, k.report.Precheck.Looked) }
