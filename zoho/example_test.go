package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"zlock/zoho"
)

// A record is locked, and locked again.
func Example() {
	locked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if locked {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"message":"record is already locked","status":"error"}`)
			return
		}
		locked = true
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"data":[{"code":"SUCCESS","details":{"id":"5843104000000804005"},"message":"record added","status":"success"}]}`)
	}))
	defer server.Close()

	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 5})
	tokens, err := zoho.NewTokens(zoho.TokenConfig{AccessToken: zoho.NewSecret("1000.abc")})
	if err != nil {
		panic(err)
	}
	client, err := zoho.New(zoho.Config{API: server.URL, Tokens: tokens, Limiter: limiter})
	if err != nil {
		panic(err)
	}
	deal := zoho.Record{Module: "Deals", ID: "5843104000000425565"}
	for range 2 {
		receipt, err := client.CreateLock(context.Background(), deal, "contract signed")
		var refused *zoho.Error
		if errors.As(err, &refused) {
			fmt.Println(refused.Kind)
			continue
		}
		fmt.Println("lock", receipt.LockID)
	}
	// Output:
	// lock 5843104000000804005
	// AlreadyLocked
}
