-- Paid work, kept clips and circuit breakers. Money is in millionths of a US dollar, times are in
-- milliseconds since 1970 (UTC), JSON is text, as in SQLite.

CREATE TABLE calls (
    id           TEXT PRIMARY KEY NOT NULL,
    job_id       TEXT NOT NULL,
    scene_id     TEXT NOT NULL,
    engine       TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    prompt       TEXT NOT NULL,
    state        TEXT NOT NULL,
    task         TEXT,
    pinned       TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    estimated    BIGINT NOT NULL,
    reported     BIGINT,
    charged      BIGINT NOT NULL,
    error_kind   TEXT,
    error        TEXT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    lease_until  BIGINT NOT NULL,
    clip_file    TEXT,
    clip_sha256  TEXT,
    clip_duration_ms BIGINT,
    clip_credit  TEXT
);
CREATE INDEX calls_by_job ON calls (job_id, scene_id, charged);
CREATE INDEX calls_by_request ON calls (request_hash);
CREATE INDEX calls_by_engine ON calls (engine, created_at);
-- Sums of charges are read from these alone.
CREATE INDEX calls_by_time ON calls (created_at, charged);
CREATE INDEX calls_by_key ON calls (key_id, created_at, charged);
CREATE INDEX calls_running ON calls (engine, lease_until) WHERE state IN ('intent', 'submitted');
CREATE INDEX calls_undecided ON calls (created_at) WHERE state = 'unknown';

CREATE TABLE breakers (
    engine      TEXT PRIMARY KEY NOT NULL,
    failures    BIGINT NOT NULL,
    open_until  BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    opened      BIGINT NOT NULL,
    probe_until BIGINT NOT NULL
);
