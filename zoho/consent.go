package zoho

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ConsentConfig says which client asks for a sign-in, and where.
type ConsentConfig struct {
	Accounts     string // https://accounts.zoho.com, checked by CheckHost
	ClientID     string
	ClientSecret Secret
	Transport    http.RoundTripper // nil: one of NewTransportFor
	AllowHosts   []string          // exact names trusted beside Zoho's own, see CheckHost
	Log          *slog.Logger      // nil discards
	Hidden       *Hidden           // learns every secret, code and token; nil: one of its own
}

// Consent gets a refresh token with a person's consent, and gives one back. Its calls cost no credits.
// Every failure is an *Error; secrets go in the body of a request, never in its address.
type Consent struct {
	cfg  ConsentConfig
	http *http.Client
	log  *slog.Logger
}

// Grant is what a person has consented to.
type Grant struct {
	RefreshToken Secret // does not expire until revoked
	AccessToken  Secret
	Expires      time.Time // of the access token, wall clock
	Scopes       []string  // as the answer names them, sorted; nil when it does not
	Accounts     string    // the accounts host that gave it, and alone renews and revokes it
	APIDomain    string    // address of the API as the answer names it; "" when it does not, or must not be believed
	Foreign      string    // an api_domain that was not believed, as it stood there; "" for none
}

// NewConsent returns a Consent, or an error that names the setting which cannot be used. It makes no call.
func NewConsent(c ConsentConfig) (*Consent, error) {
	c.ClientID, c.ClientSecret = strings.TrimSpace(c.ClientID), trimmed(c.ClientSecret)
	if err := CheckHost(c.Accounts, c.AllowHosts); err != nil {
		return nil, fmt.Errorf("new consent: accounts address: %w", err)
	}
	c.Accounts = strings.TrimSuffix(c.Accounts, "/")
	if c.Transport == nil {
		c.Transport = NewTransportFor(TransportConfig{Concurrency: 1, AllowHosts: c.AllowHosts})
	}
	if c.Hidden == nil {
		c.Hidden = new(Hidden)
	}
	c.Hidden.Add(c.ClientSecret)
	return &Consent{cfg: c, http: newHTTPClient(c.Transport), log: orDiscard(c.Log)}, nil
}

// Exchange turns the code of a Self Client, which is good once and for the minutes chosen in Zoho's API
// console, into a grant. It follows the page "Self Client", authorization code flow.
func (s *Consent) Exchange(ctx context.Context, code Secret) (Grant, error) {
	code = trimmed(code)
	a, e := s.post(ctx, OpSignIn, s.cfg.Accounts+"/oauth/v2/token", url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {s.cfg.ClientID},
		"client_secret": {s.cfg.ClientSecret.Reveal()},
		"code":          {code.Reveal()},
	}, "access_token", code)
	if e != nil {
		if strings.EqualFold(e.Code, "invalid_code") {
			e.Hint = "the code was used before, is older than the minutes chosen with it, or is another data centre's: generate a new one in Zoho's API console"
		}
		return Grant{}, e
	}
	return s.grant(a, s.cfg.Accounts)
}

// Revoke ends a refresh token and all access tokens made from it. One that Zoho does not know (any more)
// is no error: there is nothing left to end. It follows the page "Revoke refresh token".
func (s *Consent) Revoke(ctx context.Context, token Secret) error {
	a, e := s.post(ctx, OpRevoke, s.cfg.Accounts+"/oauth/v2/token/revoke", url.Values{"token": {token.Reveal()}}, "", token)
	switch {
	case e != nil && slices.Contains([]string{"invalid_token", "invalid_code"}, strings.ToLower(e.Code)):
		return nil
	case e != nil:
		return e
	}
	if o, _ := a.value.(object); !strings.EqualFold(o.text("status"), "success") {
		return badAccountsAnswer(OpRevoke, a, "the answer does not say that the token was revoked")
	}
	return nil
}

// grant reads a token answer that came from the accounts host at.
func (s *Consent) grant(a *answer, at string) (Grant, error) {
	o, _ := a.value.(object)
	g := Grant{
		RefreshToken: NewSecret(strings.TrimSpace(o.text("refresh_token"))),
		AccessToken:  NewSecret(strings.TrimSpace(o.text("access_token"))),
		Expires:      a.at.Round(0).Add(lifeOf(o)), Scopes: splitScopes(o.text("scope")), Accounts: at,
	}
	s.cfg.Hidden.Add(g.RefreshToken, g.AccessToken)
	if g.RefreshToken.IsZero() {
		e := badAccountsAnswer(OpSignIn, a, "the answer holds no refresh token")
		e.Hint = "sign in with a Self Client: other kinds of clients give a refresh token only once, or when asked for offline access"
		return Grant{}, e
	}
	domain := strings.TrimSuffix(o.text("api_domain"), "/")
	if err := believable(domain, at, s.cfg.AllowHosts); err != nil {
		s.log.Warn("api_domain of the token answer ignored", "error", err)
		g.Foreign = domain
		return g, nil
	}
	g.APIDomain = domain
	return g, nil
}

// splitScopes reads a list of scopes, which Zoho parts by blanks or by commas.
func splitScopes(text string) []string {
	scopes := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// post asks the accounts server, and reads an answer that is to hold the key want ("" for any answer).
// The secrets are taken out of what it says.
func (s *Consent) post(ctx context.Context, op, address string, form url.Values, want string, secrets ...Secret) (*answer, *Error) {
	s.cfg.Hidden.Add(secrets...)
	a, err := postForm(ctx, s.http, address, form, new(wire))
	if err != nil {
		return nil, (&Error{Op: op, Index: -1, Kind: NotSent, Err: s.cfg.Hidden.redactError(err)}).settleToken()
	}
	e := judgeAccounts(op, a, want)
	if e != nil {
		secrets = append(secrets, s.cfg.ClientSecret)
		e.Code, e.Message = cut(s.cfg.Hidden.Redact(e.Code), secrets...), cut(s.cfg.Hidden.Redact(e.Message), secrets...)
		s.log.Debug("accounts server refused", "op", op, "status", e.Status, "kind", e.Kind.String(), "code", e.Code)
	}
	return a, e
}

func badAccountsAnswer(op string, a *answer, what string) *Error {
	return (&Error{Op: op, Status: a.status, Index: -1, Kind: BadAnswer, Message: what}).settleToken()
}

// believable says why the api_domain of an accounts host's answer must not be given tokens; nil where
// there is none. An answer from afar does not point to this machine.
func believable(domain, accounts string, allow []string) error {
	if domain == "" {
		return nil
	}
	if err := CheckHost(domain, allow); err != nil {
		return err
	}
	if loopbackURL(domain) && !loopbackURL(accounts) {
		return errors.New("it points to this machine")
	}
	return nil
}
