package zoho

// RetryAfter lets tests reach the reader of the header.
var RetryAfter = retryAfter

// CheckDialled judges the address to which a name has led.
var CheckDialled = checkDialled
