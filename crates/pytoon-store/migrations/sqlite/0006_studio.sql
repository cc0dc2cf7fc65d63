-- The studio page: sessions, versions of films, switches of engines, and titles of jobs.

-- Sessions of people who logged in with an API key. Tokens are stored as hashes.
CREATE TABLE sessions (
    hash       TEXT PRIMARY KEY,
    key_id     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expired ON sessions (expires_at);

-- Published versions of films. Their files are in the job's folder.
CREATE TABLE film_versions (
    job_id     TEXT NOT NULL,
    version    BIGINT NOT NULL,
    name       TEXT NOT NULL DEFAULT '',
    brief      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, version)
);

-- Every change of a switch. The current state is in `breakers`.
CREATE TABLE engine_switches (
    id         TEXT PRIMARY KEY,
    engine     TEXT NOT NULL,
    is_on      BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    reason     TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX engine_switches_changed ON engine_switches (changed_at);

ALTER TABLE breakers ADD COLUMN off_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE breakers ADD COLUMN off_by TEXT NOT NULL DEFAULT '';
ALTER TABLE breakers ADD COLUMN off_reason TEXT NOT NULL DEFAULT '';

-- The first words of the brief, so that a list of jobs need not read briefs. Jobs of earlier versions have none.
ALTER TABLE jobs ADD COLUMN title TEXT;
