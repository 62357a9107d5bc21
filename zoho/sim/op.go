package sim

// Op names one kind of call that the organisation serves, or a group of them.
type Op string

// The calls. The first five are the record-locking API, one record each.
const (
	OpList          Op = "list"          // GET …/{id}/Locking_Information__s
	OpGet           Op = "get"           // GET …/{id}/Locking_Information__s/{lock}
	OpLock          Op = "lock"          // POST …/{id}/Locking_Information__s
	OpReason        Op = "reason"        // PUT …/{id}/Locking_Information__s/{lock}
	OpUnlock        Op = "unlock"        // DELETE …/{id}/Locking_Information__s/{lock}
	OpRecords       Op = "records"       // GET /{Module}, by ids or page by page
	OpConfiguration Op = "configuration" // GET /settings/record_locking_configurations
	OpModules       Op = "modules"       // GET /settings/modules
	OpComposite     Op = "composite"     // POST /__composite_requests; its parts are logged as calls of their own
	OpUsers         Op = "users"         // GET /users
	OpOrg           Op = "org"           // GET /org
	OpOther         Op = "other"         // an API call that is none of the above
	OpToken         Op = "token"         // POST /oauth/v2/token
	OpRevoke        Op = "revoke"        // POST /oauth/v2/token/revoke
	OpDevice        Op = "device"        // POST /oauth/v3/device/code
	OpDeviceToken   Op = "devicetoken"   // POST /oauth/v3/device/token
)

// Groups of calls, for Match and Standing.
const (
	AnyOp    Op = ""       // every call to the API; token calls are not part of it
	AnyRead  Op = "reads"  // OpList, OpGet, OpRecord, OpRecords, OpQuery
	AnyWrite Op = "writes" // OpLock, OpReason, OpUnlock
)

// covers reports whether o, an Op or a group, takes in the call c.
func (o Op) covers(c Op) bool {
	switch o {
	case AnyOp:
		return !c.accounts()
	case AnyRead:
		return c == OpList || c == OpGet || c == OpRecords || c == OpRecord || c == OpQuery
	case AnyWrite:
		return c.writes()
	}
	return o == c
}

// accounts reports whether the call o goes to the accounts server.
func (o Op) accounts() bool {
	return o == OpToken || o == OpRevoke || o == OpDevice || o == OpDeviceToken
}

// writes reports whether the call o may change a lock.
func (o Op) writes() bool {
	return o == OpLock || o == OpReason || o == OpUnlock
}

// slot is where the calls of one record of this kind are counted; -1 for calls
// that are not about one record.
func (o Op) slot() int {
	switch o {
	case OpList:
		return 0
	case OpGet:
		return 1
	case OpLock:
		return 2
	case OpReason:
		return 3
	case OpUnlock:
		return 4
	}
	return -1
}
