-- The only attempt at a row that was done with it stands in the row itself, which holds the rest of it
-- already: most rows have just one, and a row of its own for each costs as much as the outcome. Kept so
-- is a send that ended a row in anything but failed, which nothing changes any more; NULL where all the
-- row's attempts are in attempts.
ALTER TABLE rows ADD COLUMN began INTEGER;
ALTER TABLE rows ADD COLUMN took  INTEGER; -- nanoseconds from began to its end

-- Every attempt, wherever it stands. The casts give both halves the same affinities: only then does
-- SQLite merge the two by their keys instead of sorting them.
CREATE VIEW history (key, n, kind, began, ended, http, code, message, credits) AS
SELECT key, n, kind, began, ended, http, code, message, credits FROM attempts
UNION ALL
SELECT key, CAST(1 AS INTEGER), CAST('send' AS TEXT), began, CAST(began + took AS INTEGER),
  CAST(COALESCE(http, 0) AS INTEGER), CAST(COALESCE(code, '') AS TEXT), CAST(COALESCE(message, '') AS TEXT), credits
FROM rows WHERE began IS NOT NULL;
