package batch

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// pair is what finding duplicates needs to know of a row, and what was found.
type pair struct {
	id          uint64
	seq         int64
	otherSeq    int64
	module      uint32
	line        uint32
	otherLine   uint32
	words       wording
	action      uint8
	otherAction uint8
	finding     finding
}

// pairBytes is the length of a pair on disk.
const pairBytes = 3*8 + 3*4 + 16 + 3

func (p *pair) encode(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, p.id)
	b = le.AppendUint64(b, uint64(p.seq))
	b = le.AppendUint64(b, uint64(p.otherSeq))
	b = le.AppendUint32(b, p.module)
	b = le.AppendUint32(b, p.line)
	b = le.AppendUint32(b, p.otherLine)
	b = append(b, p.words[:]...)
	return append(b, p.action, p.otherAction, byte(p.finding))
}

func decodePair(b []byte) pair {
	le := binary.LittleEndian
	return pair{
		id: le.Uint64(b), seq: int64(le.Uint64(b[8:])), otherSeq: int64(le.Uint64(b[16:])),
		module: le.Uint32(b[24:]), line: le.Uint32(b[28:]), otherLine: le.Uint32(b[32:]),
		words:  wording(b[36:52]),
		action: b[52], otherAction: b[53], finding: finding(b[54]),
	}
}

// sortedAtOnce is how many pairs are held in memory: under five megabytes. Ten million rows make 150 files.
const sortedAtOnce = 64 << 10

// mergeBuffers is how many bytes a merge reads ahead, of all its files together.
const mergeBuffers = 512 << 10

// sorter sorts any number of pairs: what does not fit memory goes to temporary files of mode 0600,
// each sorted, which are merged in the end.
type sorter struct {
	dir     string
	compare func(a, b pair) int
	most    int // pairs held in memory
	held    []pair
	runs    []*os.File
	left    []string // names of files that the system would not let go of while open
}

func newSorter(dir string, compare func(a, b pair) int) *sorter {
	return &sorter{dir: dir, compare: compare, most: sortedAtOnce}
}

func (s *sorter) add(p pair) error {
	if len(s.held) == s.most {
		if err := s.spill(); err != nil {
			return fmt.Errorf("sort rows in a temporary file: %w", err)
		}
	}
	s.held = append(s.held, p)
	return nil
}

func (s *sorter) sort() {
	slices.SortFunc(s.held, s.compare)
}

func (s *sorter) spill() error {
	s.sort()
	file, left, err := tempFile(s.dir, "zlock-sort-*")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, file)
	if left != "" {
		s.left = append(s.left, left)
	}
	w := bufio.NewWriterSize(file, 64<<10)
	b := make([]byte, 0, pairBytes)
	for i := range s.held {
		if _, err := w.Write(s.held[i].encode(b)); err != nil {
			return err
		}
	}
	s.held = s.held[:0]
	return w.Flush()
}

// each passes every pair on in order, once.
func (s *sorter) each(do func(pair) error) error {
	s.sort()
	if len(s.runs) == 0 {
		for _, p := range s.held {
			if err := do(p); err != nil {
				return err
			}
		}
		return nil
	}
	m := merge{compare: s.compare}
	size := max(mergeBuffers/len(s.runs), 4<<10)
	for _, file := range s.runs {
		m.add(&stream{r: bufio.NewReaderSize(io.NewSectionReader(file, 0, 1<<62), size)})
	}
	m.add(&stream{held: s.held})
	if err := m.each(do); err != nil {
		return err
	}
	return m.err
}

// close removes the temporary files.
func (s *sorter) close() {
	for _, file := range s.runs {
		_ = file.Close()
	}
	for _, name := range s.left {
		_ = os.Remove(name)
	}
	s.runs, s.left, s.held = nil, nil, nil
}

// stream is one sorted part of a merge.
type stream struct {
	head pair
	text [pairBytes]byte // of head; here, lest each pair takes memory
	r    *bufio.Reader   // a spilled run, or
	held []pair          // what stayed in memory
}

// next moves to the stream's next pair.
func (s *stream) next() error {
	if s.r == nil {
		if len(s.held) == 0 {
			return io.EOF
		}
		s.head, s.held = s.held[0], s.held[1:]
		return nil
	}
	if _, err := io.ReadFull(s.r, s.text[:]); err != nil {
		return err
	}
	s.head = decodePair(s.text[:])
	return nil
}

// merge is a heap of streams, the one with the least head first.
type merge struct {
	compare func(a, b pair) int
	streams []*stream
	err     error
}

func (m *merge) add(s *stream) {
	switch err := s.next(); {
	case err == nil:
		m.streams = append(m.streams, s)
	case !errors.Is(err, io.EOF):
		m.err = errors.Join(m.err, fmt.Errorf("sort rows in a temporary file: %w", err))
	}
}

func (m *merge) each(do func(pair) error) error {
	if m.err != nil {
		return m.err
	}
	heap.Init(m)
	for len(m.streams) > 0 {
		least := m.streams[0]
		if err := do(least.head); err != nil {
			return err
		}
		switch err := least.next(); {
		case err == nil:
			heap.Fix(m, 0)
		case errors.Is(err, io.EOF):
			heap.Pop(m)
		default:
			return fmt.Errorf("sort rows in a temporary file: %w", err)
		}
	}
	return nil
}

// Len, Less, Swap, Push and Pop make merge a heap.
func (m *merge) Len() int           { return len(m.streams) }
func (m *merge) Less(a, b int) bool { return m.compare(m.streams[a].head, m.streams[b].head) < 0 }
func (m *merge) Swap(a, b int)      { m.streams[a], m.streams[b] = m.streams[b], m.streams[a] }
func (m *merge) Push(x any)         { m.streams = append(m.streams, x.(*stream)) }
func (m *merge) Pop() any {
	last := m.streams[len(m.streams)-1]
	m.streams = m.streams[:len(m.streams)-1]
	return last
}
