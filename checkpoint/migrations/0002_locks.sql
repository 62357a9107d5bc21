-- The lock ledger: the locks that runs of ours have left on records, as far as we know. An unlock of
-- one of them needs no look-up. An entry goes when a run of ours finds or makes the record unlocked.
CREATE TABLE locks (
  org       TEXT    NOT NULL,
  module    INTEGER NOT NULL,       -- modules.id
  record_id INTEGER NOT NULL,
  lock_id   TEXT    NOT NULL,
  reason    TEXT,                   -- as we last gave it
  made      INTEGER NOT NULL CHECK (made IN (0, 1)), -- 0: another's lock, to which we gave a reason
  run       INTEGER NOT NULL,       -- runs.n of the run that left it so
  at        INTEGER NOT NULL,       -- when that was known
  PRIMARY KEY (org, module, record_id)
) STRICT, WITHOUT ROWID;

INSERT INTO locks (org, module, record_id, lock_id, reason, made, run, at)
SELECT org, module, record_id, lock_id, reason, state = 'locked', n, finished_at
FROM (
  SELECT u.org, r.module, r.record_id, r.lock_id, r.reason, r.state, u.n, r.finished_at,
    row_number() OVER (PARTITION BY u.org, r.module, r.record_id ORDER BY r.finished_at DESC, r.key DESC) AS nth
  FROM runs u JOIN rows r ON r.key BETWEEN u.n << 32 AND (u.n << 32 | 4294967295)
  WHERE u.hidden = 0 AND r.state IN ('locked', 'reason_updated', 'unlocked', 'already_unlocked')
)
WHERE nth = 1 AND state IN ('locked', 'reason_updated') AND lock_id <> '' AND finished_at IS NOT NULL;
