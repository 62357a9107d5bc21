-- API names that differ in case alone name one module: entries of the lock ledger go under the spelling that came
-- first. Of two about one record the later one stands.
INSERT INTO locks (org, module, record_id, lock_id, reason, made, run, at)
SELECT org, first, record_id, lock_id, reason, made, run, at
FROM (
  SELECT l.*, (SELECT min(f.id) FROM modules f JOIN modules m ON f.name = m.name COLLATE NOCASE WHERE m.id = l.module) AS first
  FROM locks l
)
WHERE module <> first ORDER BY at
ON CONFLICT DO UPDATE SET lock_id = excluded.lock_id, reason = excluded.reason, made = excluded.made, run = excluded.run, at = excluded.at
WHERE excluded.at > locks.at;

DELETE FROM locks
WHERE module <> (SELECT min(f.id) FROM modules f JOIN modules m ON f.name = m.name COLLATE NOCASE WHERE m.id = locks.module);
