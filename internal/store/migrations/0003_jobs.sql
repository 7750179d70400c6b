-- +goose Up
-- NULLs are distinct in a UNIQUE, so jobs outside a schedule do not meet in UNIQUE (schedule, slot).
CREATE TABLE job (
    id           TEXT   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,
    job_key      TEXT   NOT NULL,
    args         TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
    run_at       BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    fence        BIGINT NOT NULL,
    lease_until  BIGINT NOT NULL,
    worker       TEXT   NOT NULL,
    fault        TEXT   NOT NULL,
    schedule     TEXT,
    slot         BIGINT,
    since        BIGINT,
    made_at      BIGINT NOT NULL,
    started_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL,
    UNIQUE (kind, job_key),
    UNIQUE (schedule, slot)
);
CREATE INDEX job_due ON job (state, run_at);

CREATE TABLE job_schedule (
    name TEXT   NOT NULL PRIMARY KEY,
    slot BIGINT NOT NULL
);

-- +goose Down
DROP TABLE job_schedule;
DROP TABLE job;
