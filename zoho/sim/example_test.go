package sim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"zlock/zoho/sim"
)

// A record is locked by a call whose answer is lost; the log knows what became of it.
func Example() {
	org, err := sim.New(sim.Config{
		Records: slices.Values([]sim.Record{{Module: "Deals", ID: "5843104000000425565"}}),
		Script:  []sim.Fault{{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: sim.DropAfter}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer org.Close()
	body := strings.NewReader(`{"data":[{"Locked_Reason__s":"audit"}]}`)
	req, err := http.NewRequest(http.MethodPost, "https://www.zohoapis.com/crm/v8/Deals/5843104000000425565/Locking_Information__s", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+org.Token())
	_, err = (&http.Client{Transport: org.Transport()}).Do(req)
	fmt.Println("answered:", err == nil)
	for _, e := range org.Log() {
		fmt.Println(e.Op, "applied:", e.Applied, "fault:", e.Fault)
	}
	// Output:
	// answered: false
	// lock applied: true fault: drop_after
}
