package hostile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// threat is one thing that somebody could do, and the tests that it cannot be done.
type threat struct {
	number  int
	what    string
	measure string
	tests   []string // "folder.TestName", or a script
	missing []string // what no test shows yet, in words
}

func threats() []threat {
	return []threat{
		{1, "the refresh token is read from disk", "the keyring holds it, or the environment, or a 0600 file in a 0700 folder: looser modes, links and other owners are refused; the shared access token is passed over where others can read it",
			[]string{"cli.TestLooseSignInFiles", "cli.TestSignInFileOfAnotherUser", "zoho.TestCacheNotTrusted", "cli.TestFilesArePrivate"}, nil},
		{2, "a keyring is missing on a server", "the sign-in is refused, and says so; only `--store file` keeps it in a file", []string{"cli.TestNeverTheWeakerStoreByItself", "cli.TestKeyringThatGoesAway"}, nil},
		{3, "a token in arguments, in a child's environment, in a core dump, in /proc", "no flag takes one; the one child is `--notify`, which gets no variable that holds a secret; Linux dumps no core and shows no memory and no environment",
			[]string{"cli.TestSettingNames", "cli.TestImportFence", "cli.TestACommandHearsNoSecret", "proof.TestOthersCannotLookIn"}, nil},
		{4, "a token in logs, errors, the checkpoint, files", "a type that never prints; all secrets met, tokens got on the way too, are taken out of answers before they are read, of both streams, files, notices and the text of a crash, in every spelling; they go in bodies, never into addresses",
			[]string{"cli.TestNothingSecretComesOut", "cli.TestWalkIsWhole", "cli.TestThePanicsTextIsScrubbed", "cli.TestSecretsStaySecret", "cli.TestNothingSecretIsWritten", "cli.FuzzRedact", "cli.TestTokensByTheirShapeAcrossPieces",
				"zoho.TestHiddenKnowsEverySpelling", "zoho.TestSecretNeverPrints", "zoho.TestSecretInOtherEncodings", "zoho.TestNothingSecretComesOut", "zoho.TestTokenErrorsKeepSecrets", "zoho.TestConsentSendsSecretsInTheBody"}, nil},
		{5, "a redirect takes a token elsewhere", "none is followed", []string{"zoho.TestRedirectIsNotFollowed", "cli.TestTokensFollowNoRedirect"}, nil},
		{6, "a token is sent to a foreign host", "an exact list of hosts, https alone; the token answer is held against it too; a name that leads to a private address is refused when it is dialled", []string{"zoho.TestCheckHost", "zoho.FuzzHostAllowed", "zoho.TestAPIDomain", "zoho.TestNamesThatLeadElsewhere", "zoho.TestAddressesBehindNames", "cli.TestHostsThatGetNoToken", "cli.TestStoredSecretsStayWithTheirHost"}, nil},
		{7, "TLS is weakened", "TLS 1.2 at least; certificates are always checked; `--ca-file` only adds", []string{"zoho.TestTransport", "zoho.TestCertificateOfAnother", "proof/hostile.TestCertificatesAreAlwaysChecked", "zoho.TestTLS", "cli.TestCAFile"}, nil},
		{8, "a formula in results", "a leading quote before what a spreadsheet acts on", []string{"cli.TestGuardCell", "cli.FuzzCellsComeBack", "proof/hostile.TestInputs", "cli.TestNothingHostileReachesATerminal"}, nil},
		{9, "ids that a spreadsheet has ruined on the way back", "refused", []string{"batch.TestIDs", "batch.TestDamagedIDsAreShown", "cli.TestResultsAreAJobFile"}, nil},
		{10, "escape sequences reach a terminal", "one function for all that is not ours", []string{"cli.FuzzClean", "cli.TestResultsOnATerminalCannotSteerIt", "proof/hostile.TestInputs", "cli.TestNothingHostileReachesATerminal"}, nil},
		{11, "scripts in an HTML report", "html/template, a policy that allows just what is there, no links from data",
			[]string{"report.TestHostileTextDoesNothingInABrowser", "report.TestHostileTextIsInertInATicket", "report.TestPolicyAllowsJustWhatIsThere"}, nil},
		{12, "a name leads out of its folder", "names of runs are looked up, never opened; names of profiles are letters, digits, dots, dashes and underscores", []string{"checkpoint.FuzzRunName", "cli.FuzzProfileName"}, nil},
		{13, "SQL or a DSN in a name", "placeholders; escaped paths", []string{"checkpoint.TestNamesThatMeanSomethingToADSN", "checkpoint.FuzzRunName"}, nil},
		{14, "business data in the checkpoint", "files 0600, folders 0700, whatever the umask; answers are not kept; `zlock prune` forgets old runs", []string{"checkpoint.TestEverythingIsTheOwnersAlone", "cli.TestFilesArePrivate", "cli.TestPrune", "checkpoint.TestForget"}, nil},
		{15, "line breaks in data forge lines of a log", "one event, one line", []string{"cli.FuzzLogLine", "cli.TestNothingHostileReachesATerminal"}, nil},
		{16, "bombs: packed, long, deep", "bounds on each, read as a stream", []string{"batch.TestFilesThatCannotBeRead", "zoho.TestBodiesThatCannotBeBelieved", "proof/hostile.TestInputs"}, nil},
		{17, "input that takes for ever", "matching in linear time (Go's regexp alone); a file is read once, and no line more than twice", []string{"cli.TestImportFence", "batch.TestNoLineIsReadOften"}, nil},
		{18, "the wrong organisation", "a sign-in, a profile, a run and `--expect-org` pin the organisation; at a terminal organisation, user and first rows are shown before the first change, and there is a question above 100 rows; `--expect-rows`, `max_unlocks`", []string{"cli.TestExitWrongOrg", "cli.TestAsking", "cli.TestGuards", "cli.TestRunKeepsItsOrg", "cli.TestPinnedAtSignIn", "cli.TestShownBeforeTheFirstChange"}, nil},
		{19, "locks that others made are taken away", "only the lock recorded is deleted, and without `--any-owner` only one's own", []string{"batch.TestOthersLocksAreLeft", "batch.TestALockThatChangesHandsIsLeft", "proof.TestSecondActor", "cli.TestSweepTakesOursOfAnotherUser", "cli.TestSweepMaxUnlocks"}, nil},
		{20, "files are swapped under the program", "made anew and exclusively; a lock file is looked at again once it is held; the state directory is this user's alone", []string{"checkpoint.TestALockFileThatIsReplacedIsNotTaken", "checkpoint.TestFilesThatGoAwayAreNoticed", "checkpoint.TestCheckPrivate", "cli.TestSignInReplacesALink"}, nil},
		{21, "an emergency file is edited", "it is for people: nothing reads it back", []string{"cli.TestAnEmergencyFileIsNotBelieved"}, nil},
		{22, "a dependency turns bad", "few, pinned, each justified; `go mod verify`; SQLite's version is held", []string{"proof/hostile.TestDependenciesPage", "proof/hostile.TestSQLiteIsHeld", "checkpoint.TestSQLiteVersions"}, nil},
		{23, "a binary is not what the source says", "the same source gives the same bytes", []string{".ci/reproduce"}, nil},
		{24, "a secret in CI", "there is none: tests speak to this machine alone", []string{"proof/hostile.TestCIKnowsNoSecrets"}, nil},
		{25, "the organisation's credits and slots are used up", "bounds on calls at once and on credits, across runs and processes", []string{"zoho.TestCreditsStopExactlyAtTheMost", "zoho.TestLimiterNeverExceedsCap", "zoho.TestTokensAreAskedForSparingly", "cli.TestThreeDaysOfCredits"}, nil},
	}
}

// TestThreats finds every test that a threat or a limit names.
func TestThreats(t *testing.T) {
	known := map[string]map[string]bool{}
	all := threats()
	for _, l := range limits() {
		all = append(all, threat{what: l.what, tests: l.tests})
	}
	for _, th := range all {
		for _, test := range th.tests {
			if strings.HasPrefix(test, ".") {
				if info, err := os.Stat(filepath.Join("../..", test)); err != nil || info.Mode().Perm()&0o100 == 0 {
					t.Errorf("%s: %s is no script (%v)", th.what, test, err)
				}
				continue
			}
			folder, name, _ := strings.Cut(test, ".")
			name, _, _ = strings.Cut(name, "/")
			if known[folder] == nil {
				known[folder] = testsIn(t, folder)
			}
			if !known[folder][name] {
				t.Errorf("%s: there is no %s in %s", th.what, name, folder)
			}
		}
	}
}

// testsIn finds the test functions of a folder.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	found := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}
