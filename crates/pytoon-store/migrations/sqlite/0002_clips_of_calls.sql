-- A kept clip belongs to the call that bought it: as columns of its row, both change in one
-- statement. A call without a file has no clip, or its clip was forgotten.

ALTER TABLE calls ADD COLUMN clip_file TEXT;
ALTER TABLE calls ADD COLUMN clip_sha256 TEXT;
ALTER TABLE calls ADD COLUMN clip_duration_ms BIGINT;
ALTER TABLE calls ADD COLUMN clip_credit TEXT;

UPDATE calls SET
    clip_file = (SELECT file FROM clips WHERE call_id = calls.id),
    clip_sha256 = (SELECT sha256 FROM clips WHERE call_id = calls.id),
    clip_duration_ms = (SELECT duration_ms FROM clips WHERE call_id = calls.id),
    clip_credit = (SELECT credit FROM clips WHERE call_id = calls.id)
WHERE id IN (SELECT call_id FROM clips);

DROP TABLE clips;
