package cli_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
)

// halted is a stream that takes nothing until it goes on.
type halted struct {
	goOn chan struct{}
	b    safeBuffer
}

func (h *halted) Write(p []byte) (int, error) {
	<-h.goOn
	return h.b.Write(p)
}

func TestAScreenThatIsHalted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &halted{goOn: make(chan struct{})}
		w := cli.NewPatient(h, 2*time.Second, 40)
		began := time.Now()
		say := func(text string) {
			if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%q: %d, %v", text, n, err)
			}
		}
		say("first\n")
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the first write took %v", took)
		}
		for range 10 {
			say("ten bytes\n")
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the following took %v", took-2*time.Second)
		}
		close(h.goOn)
		synctest.Wait()
		want := "first\n" + strings.Repeat("ten bytes\n", 4) + "zlock: warning: 6 lines are left out here: nobody was reading\n"
		if got := h.b.String(); got != want {
			t.Errorf("got %q", got)
		}
		say("as ever\n")
		if got := h.b.String(); got != want+"as ever\n" || time.Since(began) != 2*time.Second {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
	})
}

func TestAScreenTakesTextsLargerThanItsBacklog(t *testing.T) {
	var b safeBuffer
	w := cli.NewPatient(&b, time.Minute, 10)
	long := strings.Repeat("x", 100) + "\n"
	for range 3 {
		if _, err := w.Write([]byte(long)); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != strings.Repeat(long, 3) {
		t.Errorf("got %q", b.String())
	}
}
