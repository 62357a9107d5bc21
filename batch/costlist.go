package batch

import "iter"

// costChunk is how many rows of a costList stand together.
const costChunk = 4096

// costList is what each row costs, in file order. Rows that stand together and cost the same, as in most
// files almost all do, take no memory of their own.
type costList struct {
	n      int
	chunks []costsOfChunk
}

type costsOfChunk struct {
	kind  costKind   // of all rows, where
	mixed []costKind // there is none for each
}

func (l *costList) at(i int) costKind {
	c := &l.chunks[i/costChunk]
	if c.mixed == nil {
		return c.kind
	}
	return c.mixed[i%costChunk]
}

func (l *costList) set(i int, k costKind) {
	c := &l.chunks[i/costChunk]
	if c.mixed == nil {
		if c.kind == k {
			return
		}
		c.mixed = make([]costKind, costChunk)
		for j := range c.mixed {
			c.mixed[j] = c.kind
		}
	}
	c.mixed[i%costChunk] = k
}

func (l *costList) add(k costKind) {
	if l.n%costChunk == 0 {
		l.chunks = append(l.chunks, costsOfChunk{kind: k})
	}
	l.n++
	l.set(l.n-1, k)
}

func (l *costList) all() iter.Seq[costKind] {
	return func(yield func(costKind) bool) {
		for i := range l.n {
			if !yield(l.at(i)) {
				return
			}
		}
	}
}
