-- Files that callers uploaded. Times are in milliseconds since 1970 (UTC) by the database's clock.

CREATE TABLE assets (
    id         TEXT PRIMARY KEY NOT NULL,
    key_id     TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    file       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX assets_by_content ON assets (key_id, sha256);
CREATE INDEX assets_by_use ON assets (used_at, id);

-- What one process does at a time, and until when it is that process's.
CREATE TABLE turns (
    name      TEXT PRIMARY KEY NOT NULL,
    holder    TEXT NOT NULL,
    held_until BIGINT NOT NULL
);
