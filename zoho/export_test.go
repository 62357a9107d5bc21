package zoho

// RetryAfter lets tests reach the reader of the header.
var RetryAfter = retryAfter
