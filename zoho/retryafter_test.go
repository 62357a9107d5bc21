package zoho_test

import (
	"testing"
	"time"

	"zlock/zoho"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		in   string
		want time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"30", 30 * time.Second},
		{" 30 ", 30 * time.Second},
		{"3600", time.Hour},
		{"3601", time.Hour},
		{"1000000000", time.Hour},
		{"99999999999999999999999", time.Hour},
		{"-5", 0},
		{"+5", 0},
		{"1.5", 0},
		{"soon", 0},
		{"Sun, 01 Mar 2026 12:00:40 GMT", 40 * time.Second},
		{"Sun, 01 Mar 2026 11:59:00 GMT", 0},
		{"Mon, 02 Mar 2026 12:00:00 GMT", time.Hour},
	}
	for _, tt := range tests {
		if got := zoho.RetryAfter(tt.in, noon); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.in, got, tt.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "17", "-1", "1e9", "Sun, 01 Mar 2026 12:00:40 GMT", "Sunday, 01-Mar-26 12:00:40 GMT", "\x00", "９"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got := zoho.RetryAfter(value, noon); got < 0 || got > time.Hour {
			t.Errorf("%q: %v is outside 0 to 1 h", value, got)
		}
	})
}
