-- The checkpoint: runs, their rows, every attempt, and what each org has been charged.
-- Times are nanoseconds since 1970, UTC: datetime(t / 1000000000, 'unixepoch').
-- NULL and '' in a column of text both mean "none".

CREATE TABLE runs (
  n          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so that no key of rows is
  id         TEXT    NOT NULL UNIQUE,
  org        TEXT    NOT NULL,
  profile    TEXT    NOT NULL,
  job_file   TEXT    NOT NULL,
  sha256     TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  identity   TEXT    NOT NULL,
  format     TEXT    NOT NULL,
  header     TEXT    NOT NULL DEFAULT '[]', -- JSON array of the job file's own columns
  settings   TEXT    NOT NULL DEFAULT '{}', -- JSON object of the flags it was started with
  simulated  INTEGER NOT NULL CHECK (simulated IN (0, 1)),
  forecast   INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,

  hidden     INTEGER NOT NULL DEFAULT 1 CHECK (hidden IN (0, 1)), -- 1 until the last row is enrolled
  state      TEXT    NOT NULL CHECK (state IN ('enrolled', 'running', 'paused', 'interrupted', 'completed')),
  stopped_by TEXT    NOT NULL DEFAULT '',
  total      INTEGER NOT NULL DEFAULT 0,
  calls      INTEGER NOT NULL DEFAULT 0,
  credits    INTEGER NOT NULL DEFAULT 0,
  reserved   INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0), -- credits that rows in hand may be spending
  workers    INTEGER NOT NULL DEFAULT 0, -- how many rows its owner works at once; 0 when not known
  started_at INTEGER,
  updated_at INTEGER NOT NULL,
  ended_at   INTEGER,
  worked     INTEGER NOT NULL DEFAULT 0, -- nanoseconds, over all sittings
  owner      TEXT    NOT NULL DEFAULT '',
  sitting    INTEGER NOT NULL DEFAULT 0, -- which taking over of the run may write
  commits    INTEGER NOT NULL DEFAULT 0  -- moves with every commit, so that a doubtful one can be looked up
) STRICT;

CREATE INDEX runs_identity ON runs (identity);

CREATE TABLE modules (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- One row of a job file. Its life:
--
--   pending -> sending -> locked unlocked reason_updated already_... failed
--      ^          |  \
--      |          |   -> unknown: may have been sent, read back before anything else
--      +----------+
--
-- invalid and duplicate are there from the start; failed ends at a retry.
--
-- The checks spell their lists out with OR: for IN (…) SQLite builds a table in every statement, which
-- costs more than half of what storing the row does.
CREATE TABLE rows (
  key         INTEGER PRIMARY KEY,  -- runs.n << 32 | seq
  line        INTEGER NOT NULL,
  module      INTEGER NOT NULL,     -- modules.id
  record_id   ANY CHECK (state = 'invalid' OR (typeof(record_id) = 'integer' AND record_id > 0)),
  action      TEXT CHECK (state = 'invalid' OR COALESCE(action = 'lock' OR action = 'unlock' OR action = 'update_reason', 0)),
  reason      TEXT,
  asked_lock  TEXT,                 -- the lock that the job file names
  after_seq   INTEGER,              -- seq of the row of the same record that comes first
  cells       TEXT,                 -- JSON array of the job file's own cells

  state       TEXT NOT NULL CHECK (
                state = 'pending' OR state = 'sending' OR state = 'unknown' OR
                state = 'locked' OR state = 'unlocked' OR state = 'reason_updated' OR
                state = 'already_locked' OR state = 'already_unlocked' OR state = 'already_set' OR
                state = 'failed' OR state = 'invalid' OR state = 'duplicate'),
  code        TEXT,
  http        INTEGER,
  message     TEXT,
  hint        TEXT,
  lock_id     TEXT,                 -- the lock made, deleted or re-worded, or about to be
  previous    TEXT,                 -- JSON: the lock as it was before
  attempts    INTEGER NOT NULL DEFAULT 0,
  credits     INTEGER NOT NULL DEFAULT 0,
  dealt_at    INTEGER CHECK (dealt_at IS NOT NULL OR state NOT IN ('sending', 'unknown')),
  sent_at     INTEGER CHECK (sent_at IS NOT NULL OR state <> 'unknown'),
  finished_at INTEGER
) STRICT;

CREATE TABLE attempts (
  key     INTEGER NOT NULL,         -- rows.key
  n       INTEGER NOT NULL,
  kind    TEXT    NOT NULL CHECK (kind IN ('send', 'settle')),
  began   INTEGER NOT NULL,
  ended   INTEGER NOT NULL,
  http    INTEGER NOT NULL,
  code    TEXT    NOT NULL,
  message TEXT    NOT NULL,
  credits INTEGER NOT NULL,
  PRIMARY KEY (key, n)
) STRICT, WITHOUT ROWID;

-- How many rows of a run are in each state; kept in the commits that move them.
CREATE TABLE tallies (
  run   INTEGER NOT NULL,           -- runs.n
  state TEXT    NOT NULL,
  n     INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (run, state)
) STRICT, WITHOUT ROWID;

-- What each org has been charged, over all runs, in buckets of five minutes.
CREATE TABLE ledger (
  org     TEXT    NOT NULL,
  bucket  INTEGER NOT NULL,         -- when it began, seconds since 1970
  calls   INTEGER NOT NULL,
  credits INTEGER NOT NULL,
  PRIMARY KEY (org, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (
  org   TEXT NOT NULL,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (org, key)
) STRICT, WITHOUT ROWID;
