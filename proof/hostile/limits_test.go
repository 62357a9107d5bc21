package hostile_test

// limit is a bound on what comes in.
type limit struct {
	what  string
	most  string
	flag  string // that moves it; "" where nothing does
	tests []string
}

func limits() []limit {
	const inputs = "proof/hostile.TestInputs"
	return []limit{
		{"a job file, packed and unpacked", "2 GiB", "--max-file-size", []string{inputs + "/28", inputs + "/30"}},
		{"its rows", "5,000,000", "--max-rows", []string{inputs + "/28"}},
		{"its columns", "1,024", "--max-columns", []string{inputs + "/29"}},
		{"a record, or a line of JSON: all that an unclosed quote can swallow", "64 KiB", "--max-record", []string{inputs + "/25", inputs + "/27"}},
		{"what gzip may make of a file, beyond 64 MiB", "250 times its size", "", []string{inputs + "/30"}},
		{"JSON within JSON, in a job file and in an answer", "32 levels", "", []string{inputs + "/71", inputs + "/92"}},
		{"a reason", "3,000 characters", "", []string{inputs + "/54"}},
		{"standard input that is copied", "as a job file", "--max-file-size", []string{"batch.TestSpoolIsBounded"}},
		{"`zlock.yaml`", "1 MiB", "", []string{"cli.TestConfigurationIsBounded"}},
		{"an answer, unpacked", "1 MiB", "", []string{inputs + "/92"}},
		{"its headers", "64 KiB", "", []string{inputs + "/93", "zoho.TestDirectHeadersAreBounded"}},
		{"its time: connecting, TLS, the headers, the whole call", "5 s, 5 s, 20 s, 30 s", "", []string{"zoho.TestTransport", "zoho.TestDirectTimeLimits", "zoho.TestCallEndsInTime"}},
		{"a wait that Zoho asks for", "1 h", "", []string{"zoho.FuzzRetryAfter"}},
		{"a sentence of Zoho's, a name", "300 characters", "", []string{"zoho.FuzzAnswer", inputs + "/91"}},
		{"a message in the checkpoint and in results", "1,000 bytes", "", []string{"checkpoint.TestWhatARowReportHolds", inputs + "/91"}},
		{"a text of others on the screen", "300 characters", "", []string{"cli.TestClean"}},
		{"faults on the screen", "20; `--json` and `--faults` have all", "", []string{"cli.TestManyFaultsAreCutOnTheScreen"}},
		{"a token file", "64 KiB", "", []string{inputs + "/81"}},
	}
}
