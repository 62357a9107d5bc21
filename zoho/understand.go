package zoho

import (
	"context"
	"log/slog"
	"time"
)

// understand turns what came back from one attempt into the call's error, or into nil once the door has
// read a success that it can believe.
func understand(k call, a *answer, err error, sent int, clear func(string) string) *Error {
	var e *Error
	switch {
	case a == nil && sent == 0:
		e = (&Error{Op: k.op, Index: -1, Kind: NotSent, Err: err}).settle()
	case a == nil:
		e = (&Error{Op: k.op, Index: -1, Kind: NoAnswer, Err: err}).settle()
	case k.parts != nil && composed(a):
		// each part has a judgement of its own
	default:
		e = judge(k.op, a)
	}
	if e == nil {
		if complaint := k.read(a); complaint != nil {
			e = (&Error{Op: k.op, Status: a.status, Index: -1, Kind: BadAnswer, Message: complaint.Error()}).settle()
		}
	}
	if e != nil {
		e.Record, e.Code, e.Message, e.Hint = k.record, clear(e.Code), clear(e.Message), clear(e.Hint)
		for i, key := range e.Keys {
			e.Keys[i] = clear(key)
		}
	}
	return e
}

// feedbackOf says to the Limiter what the answer means for further calls. What was sent is added later.
func feedbackOf(e *Error, a *answer) Feedback {
	f := Feedback{Kind: FeedbackAnswered, Remaining: -1}
	if a != nil {
		f.Remaining = a.creditsRemaining()
	}
	if e == nil {
		return f
	}
	f.RetryAfter = e.RetryAfter
	switch {
	case e.Kind == Throttled:
		f.Kind = FeedbackThrottled
		f.CreditsGone = readSentence(e.Message).credits
	case e.Phase == PhaseOpen, e.Phase == PhaseNotSent:
		f.Kind, f.Trouble = FeedbackTrouble, e.trouble()
	}
	return f
}

// note logs a call in one line. The reason of a lock and whatever is secret stay out of it.
func (c *Client) note(ctx context.Context, k call, a *answer, e *Error, sent int, took time.Duration) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", k.op),
		slog.String("module", k.record.Module),
		slog.String("record", k.record.ID),
		slog.Int("status", a.statusCode()),
		slog.Int("sent", sent),
		slog.Duration("took", took),
	}
	if e != nil {
		attrs = append(attrs, slog.String("kind", e.Kind.String()), slog.String("code", e.Code),
			slog.String("message", e.Message))
		if e.Err != nil {
			attrs = append(attrs, slog.String("error", e.Err.Error()))
		}
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "call", attrs...)
}
