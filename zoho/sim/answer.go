package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// answer is what the organisation says to one call, and how it is brought.
type answer struct {
	status int
	code   string // Zoho's code, for the log
	lockID string // the lock the answer speaks of
	body   []byte
	html   bool
	header map[string]string
	bring  delivery
}

// object is a JSON object in the making.
type object map[string]any

// envelope is the form that Zoho's errors and receipts have.
type envelope struct {
	Code    string `json:"code"`
	Details any    `json:"details"`
	Message string `json:"message"`
	Status  string `json:"status"`
}

// at is the detail that says which segment of the path is at fault:
// 0 module, 1 record, 2 Locking_Information__s, 3 lock.
func at(index int) object { return object{"resource_path_index": index} }

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("sim: an answer that is not JSON: " + err.Error()) // answers are made of texts, numbers, lists and objects alone
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// refuse is an error at the top level of the body, where Zoho puts nearly all of them.
func refuse(status int, code string, details object, message string) answer {
	return answer{status: status, code: code, body: encode(envelope{code, details, message, "error"})}
}

// refuseRow is an error inside data[0], where Zoho puts what is wrong with the body's row.
func refuseRow(code string, details object, message string) answer {
	row := envelope{code, details, message, "error"}
	return answer{status: http.StatusBadRequest, code: code, body: encode(object{"data": []envelope{row}})}
}

// done is the receipt of a change to a lock.
func done(status int, lockID int64, details object, message string) answer {
	id := strconv.FormatInt(lockID, 10)
	details["id"] = id
	row := envelope{"SUCCESS", details, message, "success"}
	return answer{status: status, code: "SUCCESS", lockID: id, body: encode(object{"data": []envelope{row}})}
}

// shown is a plain 200 with the body v.
func shown(v any) answer { return answer{status: http.StatusOK, body: encode(v)} }

// nothing is Zoho's 204: no such lock, no records, no configuration.
func nothing() answer { return answer{status: http.StatusNoContent} }

// aboutAnother is the answer with a lock id that is not the one it speaks of.
func (a answer) aboutAnother() answer {
	if a.lockID == "" {
		return a
	}
	last := byte('0')
	if strings.HasSuffix(a.lockID, "0") {
		last = '1'
	}
	other := a.lockID[:len(a.lockID)-1] + string(last)
	a.body = bytes.ReplaceAll(a.body, []byte(a.lockID), []byte(other))
	return a
}

func badPattern() answer {
	return refuse(http.StatusNotFound, "INVALID_URL_PATTERN", object{},
		"Please check if the URL trying to access is a correct one")
}

func badMethod() answer {
	return refuse(http.StatusBadRequest, "INVALID_REQUEST_METHOD", object{},
		"The http request method type is not a valid one")
}

func badModule(details object) answer {
	return refuse(http.StatusBadRequest, "INVALID_MODULE", details, "the module name given seems to be invalid")
}

func missingParam(name string) answer {
	return refuse(http.StatusBadRequest, "REQUIRED_PARAM_MISSING", object{"param_name": name}, "One of the expected parameter is missing")
}

func notForEdition() answer {
	return refuse(http.StatusBadRequest, "FEATURE_NOT_SUPPORTED", object{},
		"Record Locking Configuration is not supported in your edition")
}

func noScope() answer {
	return refuse(http.StatusUnauthorized, "OAUTH_SCOPE_MISMATCH", object{}, "invalid oauth scope to access this URL")
}

func deadToken() answer {
	return refuse(http.StatusUnauthorized, "INVALID_TOKEN", object{}, "invalid oauth token")
}

func noAuthorization() answer {
	return refuse(http.StatusUnauthorized, "AUTHENTICATION_FAILURE", object{}, "Authentication failed")
}

func serverFault() answer {
	return refuse(http.StatusInternalServerError, "INTERNAL_ERROR", object{}, "Internal Server Error")
}

// badGateway is what a proxy in front of Zoho says, in a proxy's words.
func badGateway(status int) answer {
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	page := "<html>\r\n<head><title>" + text + "</title></head>\r\n<body>\r\n<center><h1>" + text +
		"</h1></center>\r\n<hr><center>ZGS</center>\r\n</body>\r\n</html>\r\n"
	return answer{status: status, html: true, body: []byte(page)}
}

// throttled is 429 in the usual envelope; it does not say which limit was met.
func throttled() answer {
	return refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", object{},
		"You have made too many requests. Please try again after some time.")
}

// throttledOld is 429 in the older shape: a number for code, an array for details.
func throttledOld(span string) answer {
	return answer{status: http.StatusTooManyRequests, code: "429", body: encode(object{
		"code": 429, "error": "TOO_MANY_REQUESTS", "details": []any{},
		"error_info": "Many requests fired than the allowed limit for " + span + ".",
	})}
}

// throttledCredits is 429 that says the day's credits are spent.
func throttledCredits() answer {
	a := throttledOld("the past 24 hours")
	a.header = map[string]string{"X-API-CREDITS-REMAINING": "0"}
	return a
}

// throttledMinute is 429 in the usual envelope, naming a minute as older servers do.
func throttledMinute() answer {
	a := refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", object{},
		"Many requests fired than the allowed limit for a minute. Please check the header X-RATELIMIT-RESET")
	a.header = map[string]string{"X-RATELIMIT-RESET": "60"}
	return a
}

// throttledHint is 429 with the seconds to wait among its details.
func throttledHint(seconds int) answer {
	return refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS",
		object{"retry_after": seconds, "limit": 100, "window": 60}, "Too many requests")
}
