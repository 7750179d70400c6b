-- +goose Up
CREATE TABLE patrol_finding (
    finding_key  TEXT   NOT NULL PRIMARY KEY,
    rule         TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    subject_kind TEXT   NOT NULL,
    subject_id   TEXT   NOT NULL,
    unit         BIGINT NOT NULL,
    region       TEXT   NOT NULL,
    line         TEXT   NOT NULL,
    amount       BIGINT NOT NULL,
    first_month  BIGINT NOT NULL,
    last_month   BIGINT NOT NULL,
    facts        TEXT   NOT NULL,
    params       TEXT   NOT NULL,
    hash         TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('present', 'gone')),
    first_seq    BIGINT NOT NULL,
    last_seq     BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL
);
CREATE INDEX patrol_finding_rule ON patrol_finding (rule, state);
CREATE INDEX patrol_finding_subject ON patrol_finding (subject_kind, subject_id);

-- One line per rule: up to which load it has judged, and with which text and parameters.
CREATE TABLE patrol_watermark (
    rule    TEXT   NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    params  TEXT   NOT NULL,
    seq     BIGINT NOT NULL
);

CREATE TABLE patrol_round (
    id         BIGINT NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL CHECK (kind IN ('full', 'delta')),
    state      TEXT   NOT NULL CHECK (state IN ('running', 'done', 'partial', 'failed', 'interrupted')),
    from_seq   BIGINT NOT NULL,
    to_seq     BIGINT NOT NULL,
    as_of      BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    findings   BIGINT NOT NULL,
    appeared   BIGINT NOT NULL,
    changed    BIGINT NOT NULL,
    gone       BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    rules      BIGINT NOT NULL,
    fault      TEXT   NOT NULL
);

CREATE TABLE patrol_run (
    round    BIGINT NOT NULL,
    rule     TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('ok', 'failed', 'held')),
    units    BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    appeared BIGINT NOT NULL,
    changed  BIGINT NOT NULL,
    gone     BIGINT NOT NULL,
    millis   BIGINT NOT NULL,
    fault    TEXT   NOT NULL,
    PRIMARY KEY (round, rule)
);
CREATE INDEX patrol_run_rule ON patrol_run (rule, round);

-- +goose Down
DROP TABLE patrol_run;
DROP TABLE patrol_round;
DROP TABLE patrol_watermark;
DROP TABLE patrol_finding;
