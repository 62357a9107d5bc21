package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zlock/batch"
)

// The events that a notice can be of.
const (
	eventFinished = "finished"      // no row is left
	eventStopped  = "stopped"       // rows are left, or the program failed
	eventNothing  = "nothing_to_do" // no row was left to begin with
)

// notice is what others are told: the status document, and what happened in words. Its names are
// fixed, as the status document's are.
type notice struct {
	document
	Event     string `json:"event"`
	Org       string `json:"org"` // API host
	Simulated bool   `json:"simulated"`
	ExitCode  int    `json:"exit_code"`
	Message   string `json:"message"`
	Text      string `json:"text"` // the same for a chat such as Slack's
}

// newNotice says how the sitting came to its end; why is a sentence of its own, "" for none.
func (s *sitting) newNotice(code int, why string) notice {
	n := notice{
		document: newDocument(s.run, s.world.Now()), Org: host(s.org.api), Simulated: s.run.Simulated, ExitCode: code,
		Event: s.event(why),
	}
	n.Message = fmt.Sprintf("run %s of %s %s", s.run.ID, jobName(s.run), s.ending(n.Event))
	if why != "" {
		n.Message += "; " + clean(why)
	}
	where := n.Org
	if s.run.Simulated {
		where = s.org.describe()
	}
	n.Text = chatText(where + ": " + n.Message)
	if next := nextStep(s.place, s.run, s.failures()); next != "" {
		n.Text += "\nnext: " + chatText(next)
	}
	return n
}

func (s *sitting) event(why string) string {
	switch {
	case why != "" || s.run.Open() > 0:
		return eventStopped
	case s.told == nil: // nothing was ever begun
		return eventNothing
	}
	return eventFinished
}

func (s *sitting) ending(event string) string {
	switch state := string(s.run.State); {
	case event == eventNothing:
		return fmt.Sprintf("is %s already: nothing to do (%s)", state, outcomesText(s.run))
	case s.run.StoppedBy != "":
		return fmt.Sprintf("is %s (%s): %s; %s", state, stopText(s.run.StoppedBy), outcomesText(s.run), counted(s.run.Credits, "credit", "credits"))
	default:
		return fmt.Sprintf("is %s: %s; %s", state, outcomesText(s.run), counted(s.run.Credits, "credit", "credits"))
	}
}

// jobName is the job file's name for a person.
func jobName(run batch.Run) string {
	if run.JobFile == "-" {
		return "standard input"
	}
	return cleanTo(run.JobFile, 60)
}

// chatText is a text in which a chat sees no command to call everybody, and no link: there & < > are
// all that has a meaning of its own.
func chatText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// tellFailure tells of a sitting that an error ended, before it could conclude.
func (s *sitting) tellFailure(err error) {
	var end *ended
	if err == nil || errors.As(err, &end) || len(s.toTell().notices) == 0 {
		return
	}
	if now, findErr := s.db.Find(context.Background(), s.run.ID); findErr == nil {
		s.run = now
	}
	c := s.explain(err)
	s.tellOthers(c.code, orElse(c.sentence, "it ended early"))
}
