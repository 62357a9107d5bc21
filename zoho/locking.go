package zoho

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const (
	reasonField = "Locked_Reason__s"

	// lockFields is every field that the page "Get Record Locking Information" documents; the list must
	// be given, or Zoho refuses.
	lockFields = "fields=Locked_For__s,Locked_Reason__s,Lock_Source__s,Locked_Time__s,Locked_By__s," +
		"Record_Locking_Rule_Id__s,Record_Locking_Configuration_Id__s,Owner,Parent_Id"
)

// isModule reports what can be a module's API name: a letter followed by up to 99 letters, digits and _.
func isModule(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && c != '_' {
			return false
		}
	}
	return name != "" && len(name) <= 100 && name[0] != '_' && !isDigits(name[:1])
}

// ListLocks returns the locks on a record: none (nil, nil) when it is not locked, one as a rule. It costs
// 1 credit. It follows the page "Get Record Locking Information".
func (c *Client) ListLocks(ctx context.Context, r Record) ([]Lock, error) {
	var locks []Lock
	k := call{op: OpListLocks, record: r, method: http.MethodGet, query: lockFields, price: 1}
	k.read = func(a *answer) (err error) {
		locks, err = readLocks(a, r)
		return err
	}
	if err := c.doLocking(ctx, k, ""); err != nil {
		return nil, err
	}
	return locks, nil
}

// GetLock returns one lock of a record by the lock's id, or nil, nil when no live lock has it. It costs 1
// credit. It follows the page "Get Record Locking Information".
func (c *Client) GetLock(ctx context.Context, r Record, lockID string) (*Lock, error) {
	var lock *Lock
	k := call{op: OpGetLock, record: r, method: http.MethodGet, price: 1}
	k.read = func(a *answer) error {
		locks, err := readLocks(a, r)
		switch {
		case err != nil || len(locks) == 0:
			return err
		case len(locks) > 1:
			return fmt.Errorf("the answer holds %d locks where one was asked for", len(locks))
		case !sameID(locks[0].ID, lockID):
			return errors.New("the answer is about another lock")
		}
		lock = &locks[0]
		return nil
	}
	if err := c.doLocking(ctx, k, lockID); err != nil {
		return nil, err
	}
	return lock, nil
}

// CreateLock locks a record for the reason given and returns the new lock's id. It costs 1 credit. It
// follows the page "Lock Records". A record that is locked already gives an Error of kind AlreadyLocked.
func (c *Client) CreateLock(ctx context.Context, r Record, reason string) (Receipt, error) {
	var receipt Receipt
	k := call{op: OpLock, record: r, method: http.MethodPost, body: reasonBody(reason), price: 1}
	if e := checkReason(k, reason); e != nil {
		return Receipt{}, e
	}
	k.read = func(a *answer) (err error) {
		receipt, err = readReceipt(a, r)
		return err
	}
	if err := c.doLocking(ctx, k, ""); err != nil {
		return Receipt{}, err
	}
	return receipt, nil
}

// UpdateReason changes the reason of a lock. It costs 1 credit. It follows the page "Update Record
// Locking Information".
func (c *Client) UpdateReason(ctx context.Context, r Record, lockID, reason string) error {
	k := call{op: OpReason, record: r, method: http.MethodPut, body: reasonBody(reason), price: 1}
	if e := checkReason(k, reason); e != nil {
		return e
	}
	k.read = func(a *answer) error { return confirmLock(a, lockID) }
	return c.doLocking(ctx, k, lockID)
}

// DeleteLock unlocks a record by deleting exactly the lock named. It costs 1 credit. It follows the page
// "Unlock Records". A lock that is gone gives an Error of kind LockUnknown.
func (c *Client) DeleteLock(ctx context.Context, r Record, lockID string) error {
	k := call{op: OpUnlock, record: r, method: http.MethodDelete, price: 1}
	k.read = func(a *answer) error { return confirmLock(a, lockID) }
	return c.doLocking(ctx, k, lockID)
}

// doLocking checks what goes into the path before anything is sent, and makes the call.
func (c *Client) doLocking(ctx context.Context, k call, lockID string) error {
	k, err := located(k, lockID)
	if err != nil {
		return err
	}
	return c.do(ctx, k)
}

// located returns the call with its path, or why there can be none.
func located(k call, lockID string) (call, error) {
	namesLock := k.op == OpGetLock || k.op == OpReason || k.op == OpUnlock
	if err := checkModule(k); err != nil {
		return k, err
	}
	switch {
	case !isID(k.record.ID):
		return k, refuseHere(k, RecordUnknown, "the record id is not 1 to 19 digits")
	case namesLock && !isID(lockID):
		return k, refuseHere(k, LockUnknown, "the lock id is not 1 to 19 digits")
	}
	k.path = "/" + k.record.Module + "/" + k.record.ID + "/Locking_Information__s"
	if namesLock {
		k.path += "/" + lockID
	}
	return k, nil
}

// checkModule returns an error unless the call's module can stand in a path or a query.
func checkModule(k call) error {
	if !isModule(k.record.Module) {
		return refuseHere(k, ModuleUnknown, "the module is no API name: a letter followed by letters, digits and _")
	}
	return nil
}

// refuseHere is a refusal of our own: as definite as one of Zoho's, and free.
func refuseHere(k call, kind Kind, message string) error {
	return (&Error{Op: k.op, Record: k.record, Index: -1, Kind: kind, Message: message}).settle()
}

func checkReason(k call, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return refuseHere(k, ReasonRefused, "the reason is empty")
	}
	return nil
}

func reasonBody(reason string) []byte {
	type row struct {
		Reason string `json:"Locked_Reason__s"`
	}
	body, err := json.Marshal(struct {
		Data [1]row `json:"data"`
	}{[1]row{{reason}}})
	if err != nil { // cannot be: a string always has a JSON form
		return nil
	}
	return body
}
