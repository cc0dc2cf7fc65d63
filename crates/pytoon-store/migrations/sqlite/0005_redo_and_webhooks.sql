-- When a job was last asked for: deadlines count from then. Absent: when it was submitted.
ALTER TABLE jobs ADD COLUMN asked_at BIGINT;

-- Whose job bought it: what an API key may spend a day counts after the job is deleted too.
ALTER TABLE calls ADD COLUMN caller TEXT;
CREATE INDEX calls_by_caller ON calls (caller, created_at, charged) WHERE caller IS NOT NULL;

-- What is to be told to whom, written with the change that it tells of. `state`: due (from
-- `run_at` on), delivered, dead.
CREATE TABLE webhooks (
    id           TEXT PRIMARY KEY NOT NULL,
    job_id       TEXT NOT NULL,
    event        TEXT NOT NULL,
    url          TEXT NOT NULL,
    body         TEXT NOT NULL,
    state        TEXT NOT NULL,
    attempts     BIGINT NOT NULL,
    token        BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX webhooks_due ON webhooks (run_at, id) WHERE state = 'due';
CREATE INDEX webhooks_of_job ON webhooks (job_id, created_at, id);
CREATE INDEX webhooks_dead ON webhooks (updated_at) WHERE state = 'dead';

CREATE TABLE webhook_attempts (
    webhook_id  TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    status      BIGINT,
    duration_ms BIGINT NOT NULL,
    error       TEXT,
    PRIMARY KEY (webhook_id, attempt)
);
