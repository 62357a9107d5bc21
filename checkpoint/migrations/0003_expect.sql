-- How a row that takes a change back must find its record: JSON, {"lock_id", "reason"} of the lock that
-- is to be there, {} where the record is to be unlocked; NULL for rows of a job file.
ALTER TABLE rows ADD COLUMN expect TEXT;
