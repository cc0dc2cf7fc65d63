-- Jobs of the service, their tasks and scenes, and who may ask. Times are in milliseconds since
-- 1970 (UTC) by the database's clock, JSON is text.

CREATE TABLE jobs (
    id          TEXT PRIMARY KEY NOT NULL,
    key_id      TEXT NOT NULL,
    status      TEXT NOT NULL,
    brief       TEXT NOT NULL,
    client_data TEXT,
    webhook     TEXT,
    error       TEXT,
    events      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    started_at  BIGINT,
    finished_at BIGINT
);
CREATE INDEX jobs_by_time ON jobs (created_at, id);
CREATE INDEX jobs_by_key ON jobs (key_id, created_at, id);
CREATE INDEX jobs_by_status ON jobs (status, created_at, id);

-- `state`: blocked (by `blocked_by` others), ready (from `run_at` on), running (until `lease_until`
-- by the claim `token`), parked (its job stopped), done, dead.
CREATE TABLE tasks (
    id          TEXT PRIMARY KEY NOT NULL,
    job_id      TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL,
    blocked_by  BIGINT NOT NULL,
    run_at      BIGINT NOT NULL,
    worker      TEXT,
    token       BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    memo        TEXT,
    error       TEXT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX tasks_by_name ON tasks (job_id, name);
CREATE INDEX tasks_ready ON tasks (run_at, id) WHERE state = 'ready';
CREATE INDEX tasks_running ON tasks (lease_until) WHERE state = 'running';
CREATE INDEX tasks_dead ON tasks (updated_at) WHERE state = 'dead';

CREATE TABLE needs (
    job_id TEXT NOT NULL,
    task   TEXT NOT NULL,
    need   TEXT NOT NULL,
    PRIMARY KEY (job_id, need, task)
);

CREATE TABLE scenes (
    job_id             TEXT NOT NULL,
    scene_id           TEXT NOT NULL,
    status             TEXT NOT NULL,
    engine_used        TEXT,
    fallback_used      BIGINT NOT NULL,
    render_duration_ms BIGINT,
    error              TEXT,
    PRIMARY KEY (job_id, scene_id)
);

CREATE TABLE job_events (
    job_id TEXT NOT NULL,
    seq    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    event  TEXT NOT NULL,
    data   TEXT NOT NULL,
    PRIMARY KEY (job_id, seq)
);

CREATE TABLE idempotency (
    key_id       TEXT NOT NULL,
    mark         TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    job_id       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (key_id, mark)
);

CREATE TABLE api_keys (
    id             TEXT PRIMARY KEY NOT NULL,
    name           TEXT NOT NULL,
    hash           TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    budget_per_day BIGINT,
    created_at     BIGINT NOT NULL,
    revoked_at     BIGINT
);
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);

-- What each process has counted, as Prometheus text.
CREATE TABLE counts (
    process    TEXT PRIMARY KEY NOT NULL,
    text       TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Written to know that writing works.
CREATE TABLE probes (
    name       TEXT PRIMARY KEY NOT NULL,
    updated_at BIGINT NOT NULL
);
