package zoho

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// readLocks reads the rows of a GET; nothing at all (204) and no rows both mean "not locked".
func readLocks(a *answer, r Record) ([]Lock, error) {
	if a.status == http.StatusNoContent {
		return nil, nil
	}
	if len(a.body) == 0 {
		return nil, errors.New("the answer is empty")
	}
	rows, ok := first(a.value).get("data").([]any)
	if !ok {
		return nil, errors.New("the answer holds no data")
	}
	var locks []Lock
	for _, row := range rows {
		o, _ := row.(object)
		lock, err := readLock(o, r)
		if err != nil {
			return nil, err
		}
		locks = append(locks, lock)
	}
	return locks, nil
}

func readLock(o object, r Record) (Lock, error) {
	lockedFor := o.object("Locked_For__s")
	lock := Lock{
		ID:              o.text("id"),
		Reason:          o.text(reasonField),
		Source:          sourceOf(o),
		By:              o.user("Locked_By__s"),
		At:              timeOf(o.text("Locked_Time__s")),
		RuleID:          o.id("Record_Locking_Rule_Id__s"),
		ConfigurationID: o.id("Record_Locking_Configuration_Id__s"),
		RecordName:      cut(lockedFor.text("name")),
		ModuleID:        lockedFor.object("module").text("id"),
		Owner:           o.user("Owner"),
		ParentID:        o.id("Parent_Id"),
	}
	editable, said := o.get("$editable").(bool)
	lock.Editable = editable || !said
	if !isID(lock.ID) {
		return Lock{}, errors.New("the answer holds a lock without an id")
	}
	if id := lockedFor.text("id"); id != "" && !sameID(id, r.ID) {
		return Lock{}, errors.New("the answer is about another record")
	}
	return lock, nil
}

// sourceOf reads the lock's source in any case; where it is missing, a rule's id without a person is
// taken for an automatic lock.
func sourceOf(o object) Source {
	text := o.text("Lock_Source__s")
	for _, known := range []Source{Manual, Automatic, Both} {
		if strings.EqualFold(text, string(known)) {
			return known
		}
	}
	if text == "" && o.id("Record_Locking_Rule_Id__s") != "" {
		if o.user("Locked_By__s").ID != "" {
			return Both
		}
		return Automatic
	}
	return Source(text)
}

// readReceipt reads the answer to a lock. Its details.id is the new lock's id, though it looks like a
// record's: an answer that gives the record's own back is not believed.
func readReceipt(a *answer, r Record) (Receipt, error) {
	details, err := confirmed(a)
	if err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{
		LockID: details.text("id"),
		By:     details.user("Created_By"),
		At:     timeOf(details.text("Created_Time")),
	}
	if !isID(receipt.LockID) || sameID(receipt.LockID, r.ID) {
		return Receipt{}, errors.New("the answer names no lock id")
	}
	return receipt, nil
}

func confirmLock(a *answer, lockID string) error {
	details, err := confirmed(a)
	if err == nil && !sameID(details.text("id"), lockID) {
		return errors.New("the answer is about another lock")
	}
	return err
}

// confirmed returns the details of a change that the answer says succeeded, in exactly one element.
func confirmed(a *answer) (object, error) { return confirmedUnder(a, "data") }

// confirmedUnder is confirmed for answers whose elements stand under another key.
func confirmedUnder(a *answer, key string) (object, error) {
	if len(a.body) == 0 {
		return nil, errors.New("the answer is empty")
	}
	rows, ok := first(a.value).get(key).([]any)
	if !ok || len(rows) != 1 {
		return nil, errors.New("the answer is not about exactly one change")
	}
	f := readFinding(first(rows))
	if f.status != "success" || f.code != "" && !strings.EqualFold(f.code, "SUCCESS") {
		return nil, errors.New("the answer does not say that it succeeded")
	}
	return f.details, nil
}

// timeOf reads Zoho's ISO 8601 times; one without a zone says nothing and gives the zero time.
func timeOf(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

func isID(id string) bool { return len(id) <= 19 && isDigits(id) }

// sameID compares ids as numbers, so that leading zeros do not matter.
func sameID(a, b string) bool {
	return isDigits(a) && strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0")
}
