package checkpoint

import (
	"math/rand/v2"
	"os"

	lib "modernc.org/sqlite/lib"
)

// ballastSize is what the ballast takes: enough for the outcomes of every call that can be in flight.
const ballastSize = 1 << 20

// ballast is a file that only takes up room beside the checkpoint. When the disk is full it is thrown
// away, so that what is known of the calls in flight can still be written down.
type ballast struct{ path string }

func ballastOf(path string) ballast { return ballast{path + ".ballast"} }

// load takes the ballast on. Where there is no room for it the run goes on without.
func (b ballast) load() {
	if info, err := os.Stat(b.path); err == nil && info.Size() >= ballastSize {
		return
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return
	}
	weight := make([]byte, ballastSize)
	_, _ = rand.NewChaCha8([32]byte{}).Read(weight) // some file systems keep no room for zeros; this never fails
	_, err = f.WriteAt(weight, 0)
	if closeErr := f.Close(); err != nil || closeErr != nil {
		b.drop()
	}
}

// drop makes room.
func (b ballast) drop() { _ = os.Remove(b.path) }

// noRoom says whether an error is that there is no room, or may be: a quota is told as a fault in writing.
func noRoom(err error) bool {
	code := resultCode(err)
	return code == lib.SQLITE_FULL || code == lib.SQLITE_IOERR
}
