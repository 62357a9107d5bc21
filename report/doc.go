// Package report accounts for one run on a page: what was asked, what became of it, how it went, and
// the totals to check it by. The page needs nothing beside itself, and nothing that stands in a job
// file or came from a server can act in it: foreign text is data, in the page as in the text for a ticket.
package report
