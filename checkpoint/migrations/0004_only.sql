-- The only attempt at a row that was done with it stands in the row itself, which holds the rest of it
-- already: most rows have just one, and a row of its own for each costs as much as the outcome. Kept so
-- is a send that ended a row in anything but failed, which nothing changes any more; NULL where all the
-- row's attempts are in attempts.
ALTER TABLE rows ADD COLUMN began INTEGER;
ALTER TABLE rows ADD COLUMN took  INTEGER; -- nanoseconds from began to its end

-- Every attempt, wherever it stands.
CREATE VIEW history (key, n, kind, began, ended, http, code, message, credits) AS
SELECT key, n, kind, began, ended, http, code, message, credits FROM attempts
UNION ALL
SELECT key, 1, 'send', began, began + took, COALESCE(http, 0), COALESCE(code, ''), COALESCE(message, ''), credits
FROM rows WHERE began IS NOT NULL;
