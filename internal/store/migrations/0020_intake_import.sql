-- +goose Up
CREATE TABLE intake_import (
    id         TEXT   NOT NULL PRIMARY KEY,
    table_code TEXT   NOT NULL,
    file_name  TEXT   NOT NULL,
    mode       TEXT   NOT NULL CHECK (mode IN ('append', 'replace')),
    digest     TEXT   NOT NULL,
    file_bytes BIGINT NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('running', 'done', 'unchanged', 'failed')),
    file_rows  BIGINT NOT NULL,
    inserted   BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    deleted    BIGINT NOT NULL,
    doubled    BIGINT NOT NULL,
    load_seq   BIGINT NOT NULL,
    message    TEXT   NOT NULL,
    actor_id   TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX intake_import_table ON intake_import (table_code, started_at);

-- +goose Down
DROP TABLE intake_import;
