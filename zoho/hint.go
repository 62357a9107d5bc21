package zoho

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
)

// hints say what a person can do about a kind of failure, where there is anything to do.
var hints = map[Kind]string{
	AutomaticOnly:     "set the module's record locking configuration to manual or both in Zoho CRM's setup",
	AutomaticLock:     "an automatic lock ends when its rule no longer matches: change the record's values or the locking rule",
	NoConfiguration:   "set up a record locking configuration for the module in Zoho CRM's setup",
	RelationMissing:   "set up a record locking configuration for the module in Zoho CRM's setup",
	NoEdition:         "record locking is not part of this organisation's edition: ask its administrator",
	ModuleUnknown:     "check the module's API name, and that the signed-in user's profile may see its tab",
	ModuleUnsupported: "this module cannot be locked in Zoho CRM",
	RecordUnknown:     "check the id: the record may be deleted, in another module or organisation, or hidden from the signed-in user",
	LockUnknown:       "the lock is gone: somebody has unlocked the record meanwhile",
	ReasonRefused:     "give a reason of 1 to 3,000 characters",
	NoPermission:      "ask the CRM administrator for the right to lock and unlock records of this module",
	ProfileBarred:     "ask the CRM administrator to enable record locking for the signed-in user's profile",
	ScopeMissing:      "sign in again with the scopes ZohoCRM.modules.ALL and ZohoCRM.modules.lockinginformation.ALL",
	SignIn:            "sign in again; check also that the data centre is the organisation's own",
	TokenThrottled:    "wait at least 10 minutes before asking for another access token; asking sooner prolongs the block",
	BadAnswer:         "check that the address is Zoho's and that no proxy or captive portal answers in its place",
	Redirected:        "check the address of the API: redirects are not followed, so that the token cannot leak",
}

// codeHints are for codes whose kind alone would say too little.
var codeHints = map[string]string{
	"INVALID_TOKEN":           "sign in again; a token of another data centre, or of a sandbox, is refused like this too",
	"INVALID_CODE":            "the refresh token is dead or revoked: make a new one in Zoho's API console and sign in again",
	"INVALID_CLIENT":          "check the client id, and that the data centre is the one where the client was registered",
	"INVALID_CLIENT_SECRET":   "check the client secret: it is wrong for this client id",
	"RECORD_LOCKED":           "the record is under merge, review or approval: try again when that is over",
	"URL_RULE_NOT_CONFIGURED": "check the address of the API and the scopes of the sign-in",
	"INVALID_URL_PATTERN":     "check the module, the record id and the lock id",
	"INVALID_REQUEST_METHOD":  "check the API version",
	"AUTHENTICATION_FAILURE":  "sign in again; check the access token",
}

// scopeHints name the scope of doors that need one of their own.
var scopeHints = map[string]string{
	OpOrganisation: "sign in again with the scope ZohoCRM.org.READ as well",
	OpCurrentUser:  "sign in again with the scope ZohoCRM.users.READ as well",
}

// foreignSignIn is the hint of a 401 that is not Zoho's.
const foreignSignIn = "a proxy or gateway between here and Zoho asks for a sign-in of its own: sign in there, or have it let Zoho's addresses through"

func hintFor(e *Error) string {
	if e.Kind == BadAnswer && e.Status == http.StatusUnauthorized {
		return foreignSignIn
	}
	if hint, ok := scopeHints[e.Op]; ok && e.Kind == ScopeMissing {
		return hint
	}
	if e.Kind == NotSent || e.Kind == NoAnswer {
		return networkHint(e.Err)
	}
	if e.Kind == SignIn || e.Kind == RequestRefused {
		if hint, ok := codeHints[strings.ToUpper(e.Code)]; ok {
			return hint
		}
	}
	return hints[e.Kind]
}

func networkHint(err error) string {
	var name *net.DNSError
	var address *AddressError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &address):
		return "check the name service of this network; where that address is meant, name the host under allow_hosts in zlock.yaml"
	case errors.As(err, &name):
		return "check the network connection and the name of the host"
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid):
		return "the server's certificate is not Zoho's: check for a proxy or a captive portal, and the clock"
	case errors.As(err, &record):
		return "what answers there does not speak TLS: check the address and its port, and for a proxy or a captive portal"
	}
	return ""
}
