package cli_test

import "testing"

// The undo of a rehearsal is verified in the pretend organisation of the rehearsal.
func TestVerifyTheUndoOfARehearsal(t *testing.T) {
	s := newStage(t)
	s.want(s.run("run", s.changes(), "--simulate"), 0)
	s.want(s.run("undo"), 0)
	s.want(s.run("verify"), 0)
	s.want(s.run("undo"), 0)
	s.want(s.run("verify"), 0)
}
