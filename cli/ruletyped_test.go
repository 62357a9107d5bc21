package cli_test

import (
	"strings"
	"testing"

	"zlock/cli"
)

func TestRuleTyped(t *testing.T) {
	for text, want := range map[string]string{
		`Won: Stage equal Closed Won`:                         `{"name":"Won","criteria":{"comparator":"equal","field":{"api_name":"Stage"},"value":"Closed Won"}}`,
		`Won : Stage = "Closed and Won"`:                      `{"name":"Won","criteria":{"comparator":"equal","field":{"api_name":"Stage"},"value":"Closed and Won"}}`,
		`A: x >= 1 AND y != b c`:                              `{"name":"A","criteria":{"group_operator":"AND","group":[{"comparator":"greater_equal","field":{"api_name":"x"},"value":"1"},{"comparator":"not_equal","field":{"api_name":"y"},"value":"b c"}]}}`,
		`A: x equals ${EMPTY} or y contains "or"`:             `{"name":"A","criteria":{"group_operator":"OR","group":[{"comparator":"equal","field":{"api_name":"x"},"value":"${EMPTY}"},{"comparator":"contains","field":{"api_name":"y"},"value":"or"}]}}`,
		`A: d between 2026-01-01..2026-02-01`:                 `{"name":"A","criteria":{"comparator":"between","field":{"api_name":"d"},"value":["2026-01-01","2026-02-01"]}}`,
		`A: s in New, "Old"`:                                  `{"name":"A","criteria":{"comparator":"in","field":{"api_name":"s"},"value":["New","Old"]}}`,
		`A: Created_Time less_than 2018-10-01T01:00:00+05:30`: `{"name":"A","criteria":{"comparator":"less_than","field":{"api_name":"Created_Time"},"value":"2018-10-01T01:00:00+05:30"}}`,
		`A: name starts_with " x"`:                            `{"name":"A","criteria":{"comparator":"starts_with","field":{"api_name":"name"},"value":" x"}}`,
	} {
		r, err := cli.RuleTyped(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, _ := cli.EncodeJSON(r); string(got) != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	for text, says := range map[string]string{
		`Stage equal Won`:        "colon",
		`: Stage equal Won`:      "colon",
		`A:`:                     "a comparison is",
		`A: Stage equal`:         "a comparison is",
		`A: Stage equals_to Won`: "is no comparator; did you mean equal?",
		`A: Sta-ge equal Won`:    "API name",
		`A: x equal 1 and y equal 2 or z equal 3`: "mixes and with or",
		`A: x equal 1 and`:                        "a comparison is",
		`A: x equal "open`:                        "not closed",
		`A: x between 1`:                          "from..to",
	} {
		if _, err := cli.RuleTyped(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", text, err, says)
		}
	}
}
