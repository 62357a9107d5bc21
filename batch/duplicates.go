package batch

import (
	"cmp"
	"context"
	"fmt"
)

// finding is what two rows of one record are to each other.
type finding uint8

const (
	repeats     finding = iota + 1 // the later row asks for the same
	contradicts                    // it asks for something else
	follows                        // it asks for something else, and is to be carried out after
)

// CodeDuplicate is the code of a row that repeats an earlier one.
const CodeDuplicate = "DUPLICATE"

// pairs finds the rows that name one record, exactly and in flat memory.
type pairs struct {
	rows    *sorter
	numbers map[string]uint32 // module in lower case to its number: API names that differ in case are one module's
	names   []string          // by number
}

func newPairs(dir string) *pairs {
	return &pairs{rows: newSorter(dir, byRecord), numbers: map[string]uint32{}}
}

func (p *pairs) close() { p.rows.close() }

// byRecord brings the rows of one record together, in file order.
func byRecord(a, b pair) int {
	return cmp.Or(cmp.Compare(a.module, b.module), cmp.Compare(a.id, b.id), cmp.Compare(a.seq, b.seq))
}

// bySeq is file order.
func bySeq(a, b pair) int { return cmp.Compare(a.seq, b.seq) }

// add takes note of a good row.
func (p *pairs) add(row Row, words wording) error {
	number, known := p.numbers[row.Module]
	if !known {
		number = p.number(row.Module)
	}
	var id uint64
	for _, c := range []byte(row.RecordID) {
		id = id*10 + uint64(c-'0')
	}
	entry := pair{
		module: number, id: id, seq: row.Seq, line: uint32(row.Line),
		action: actionNumber(row.Action), words: words,
	}
	return p.rows.add(entry)
}

// number gives a spelling its module's number.
func (p *pairs) number(module string) uint32 {
	lower := lowerASCII(module)
	number, known := p.numbers[lower]
	if !known {
		number = uint32(len(p.names))
		p.names = append(p.names, module)
		p.numbers[lower] = number
	}
	p.numbers[module] = number
	return number
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

func numberedActions() [3]Action { return [3]Action{ActionLock, ActionUnlock, ActionUpdateReason} }

func actionNumber(a Action) uint8 {
	for i, b := range numberedActions() {
		if a == b {
			return uint8(i)
		}
	}
	return 0
}

// same reports whether two rows of a record ask for the same thing.
func (a *pair) same(b *pair) bool { return a.action == b.action && a.words == b.words }

// compare goes through the rows of each record and passes on those that are not its first, with
// what they are to which earlier row. With sequence set, that is the row before; else the first.
func (p *pairs) compare(sequence bool, found func(pair) error) error {
	var base pair
	return p.rows.each(func(e pair) error {
		if base.seq == 0 || e.module != base.module || e.id != base.id {
			base = e
			return nil
		}
		e.otherSeq, e.otherLine, e.otherAction = base.seq, base.line, base.action
		switch {
		case e.same(&base):
			e.finding = repeats
		case sequence:
			e.finding = follows
			base = e
		default:
			e.finding = contradicts
		}
		return found(e)
	})
}

// settlePairs marks duplicates, conflicts and sequences, in file order.
func (r *reading) settlePairs() error {
	findings := newSorter(r.o.TempDir, bySeq)
	defer findings.close()
	if err := r.pairs.compare(r.o.Sequence, findings.add); err != nil {
		return err
	}
	n := 0
	return findings.each(func(e pair) error {
		if n++; n%1024 == 0 && r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		m := r.markFor(&e)
		if !r.kept() {
			return nil
		}
		if err := r.sink.Mark(e.seq, m.outcome, m.code, m.message, m.after); err != nil {
			return fmt.Errorf("mark line %d: %w", e.line, err)
		}
		return nil
	})
}

// mark is what a Sink is told of a row.
type mark struct {
	outcome       Outcome
	code, message string
	after         int64
}

// markFor counts a finding and says what becomes of its row.
func (r *reading) markFor(e *pair) mark {
	if e.finding == follows {
		return mark{outcome: Pending, after: e.otherSeq}
	}
	action := numberedActions()[e.action]
	r.tally(r.pairs.names[e.module], action, -1)
	if e.finding == repeats {
		r.sum.Duplicates++
		return mark{Duplicate, CodeDuplicate, fmt.Sprintf("same as line %d", e.otherLine), 0}
	}
	r.sum.Invalid++
	f := Fault{
		Line: int(e.line), Seq: e.seq, Column: r.columns[fieldAction], Value: fmt.Sprint(e.id), Code: FaultConflict,
		Message: fmt.Sprintf("line %d asks to %s this record, this line to %s it",
			e.otherLine, inWords(numberedActions()[e.otherAction]), inWords(action)),
		Hint: "keep one of the lines, or carry them out in file order with --on-conflict sequence",
	}
	if e.action == e.otherAction {
		f.Column = r.columns[fieldReason]
		f.Message = fmt.Sprintf("line %d asks for the same with another reason", e.otherLine)
	}
	r.tell(f)
	return mark{Invalid, f.Code, f.Message, 0}
}

// inWords is an action in a sentence.
func inWords(a Action) string {
	if a == ActionUpdateReason {
		return "change the reason of"
	}
	return string(a)
}
