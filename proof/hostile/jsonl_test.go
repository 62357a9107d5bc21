package hostile_test

import "strings"

func jsonLines() []input {
	ok := `{"id":"1","module":"Leads","action":"unlock"}` + "\n"
	line := func(s string) string { return ok + s + "\n" }
	with := func(s string) string { return line(`{"id":"2","module":"Leads","action":"unlock",` + s + `}`) }
	id := func(s string) string { return line(`{"id":` + s + `,"module":"Leads","action":"unlock"}`) }
	return []input{
		{62, "an id that is a number", "a plain integer keeps its digits; a fraction or an exponent is refused", []trial{
			jsonl("integer", id(recordID), "taken 2"), jsonl("fraction", id(recordID+".0"), "refused 2:ID_DECIMAL"),
			jsonl("exponent", id("5.8e18"), "refused 2:ID_DAMAGED"), jsonl("negative", id("-5"), "refused 2:ID_SIGNED"), jsonl("true", id("true"), "refused 2:JSON_TYPE"),
		}},
		{63, "two keys for the id", "", []trial{
			jsonl("case aside", with(`"ID":"2"`), "refused 2:FIELD_TWICE"), jsonl("two names", with(`"Record Id":"2"`), "refused 2:FIELD_TWICE"),
		}},
		{64, "`action` and `ACTION`", "neither wins", []trial{jsonl("case aside", with(`"ACTION":"lock"`), "refused 2:FIELD_TWICE")}},
		{65, "a key twice", "", []trial{
			jsonl("plainly", with(`"x":1,"x":2`), "refused 2:JSON_KEY_TWICE"), jsonl("written differently", with(`"x":1,"\u0078":2`), "refused 2:JSON_KEY_TWICE"),
		}},
		{66, "keys of other names", "kept, and given back in the results", []trial{jsonl("any", with(`"colour":{"r":1},"Colour":[2]`), "taken 2")}},
		{67, "`null`, `[]`, `\"x\"`, `1` for an object", "", []trial{
			jsonl("null", line("null"), "refused 2:JSON_NOT_OBJECT"), jsonl("array", line("[]"), "refused 2:JSON_NOT_OBJECT"),
			jsonl("string", line(`"x"`), "refused 2:JSON_NOT_OBJECT"), jsonl("number", line("1"), "refused 2:JSON_NOT_OBJECT"),
		}},
		{68, "`\"action\":null`", "never left to be guessed", []trial{jsonl("null", line(`{"id":"2","module":"Leads","action":null}`), "refused 2:ACTION_MISSING")}},
		{69, "two objects on a line, or text after one", "", []trial{
			jsonl("two", strings.TrimSpace(ok)+ok, "refused 1:JSON_TRAILING"), jsonl("text", line(`{"id":"2"} x`), "refused 2:JSON_TRAILING"),
		}},
		{70, "one object over several lines, or a JSON array", "the hint names the command that turns it into lines", []trial{
			jsonl("spread", "{\n  \"id\": \"1\"\n}\n", "refused 1:JSON_SPREAD"), jsonl("array", "[\n"+ok+"]\n", "refused 1:JSON_ARRAY"),
			jsonl("array on a line", "["+strings.TrimSpace(ok)+"]\n", "refused 1:JSON_ARRAY"),
		}},
		{71, "values nested deeper than 32", "", []trial{
			jsonl("deep enough", with(`"x":`+strings.Repeat("[", 31)+strings.Repeat("]", 31)), "taken 2"),
			jsonl("too deep", with(`"x":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)), "refused 2:JSON_DEPTH"),
			jsonl("20,000 brackets", line(`{"x":`+strings.Repeat("[", 20_000)), "refused 2:JSON_DEPTH"),
		}},
		{72, "half of a surrogate pair, or a byte that is no UTF-8", "", []trial{
			jsonl("high", with(`"x":"\ud800"`), "refused 2:JSON_SURROGATE"), jsonl("low", with(`"x":"\udc00\ud800"`), "refused 2:JSON_SURROGATE"),
			jsonl("byte", with("\"x\":\"\xff\""), "refused 2:NOT_UTF8"),
		}},
		{73, "`\\u0000` in a string", "", []trial{jsonl("in a value", with(`"x":["a\u0000"]`), "refused 2:JSON_NUL"), jsonl("in a key", with(`"a\u0000":1`), "refused 2:JSON_NUL")}},
		{74, "a byte order mark", "taken at the start alone", []trial{
			jsonl("start", "\ufeff"+ok, "taken 1"), jsonl("in the middle", line("\ufeff"+`{"id":"2"}`), "refused 2:JSON_SYNTAX"),
		}},
	}
}
