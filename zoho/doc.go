// Package zoho makes one request to Zoho CRM at a time: it is paced, paid for, sent, and understood.
//
// A [Client] speaks the record locking API and what surrounds it: configurations, metadata, queries,
// composites. Every call it makes goes through one funnel: the access token comes from [Tokens], leave to
// send from [Limiter], and what came back is read by status, code and path index into one [Error] with a
// [Kind] and a [Phase]. The package retries nothing, with a single exception: a call answered "token dead"
// is sent once more with a fresh token, because it did nothing.
//
// A [Consent] gets the refresh token that Tokens live on, and gives it back.
//
// What a failure means for a row of a job file, and whether to try again, is decided elsewhere.
package zoho
