-- +goose Up
-- open_slot is 1 while somebody still has to act and NULL afterwards. NULLs are distinct in a UNIQUE, so one key has
-- at most one open alert and any number of closed ones.
CREATE TABLE alert (
    id            BIGINT   NOT NULL PRIMARY KEY,
    finding_key   TEXT     NOT NULL,
    open_slot     SMALLINT,
    rev           BIGINT   NOT NULL,
    state         TEXT     NOT NULL,
    severity      TEXT     NOT NULL CHECK (severity IN ('red', 'orange', 'yellow', 'blue')),
    severity_rank SMALLINT NOT NULL,
    rule          TEXT     NOT NULL,
    rule_version  BIGINT   NOT NULL,
    rule_title    TEXT     NOT NULL,
    title         TEXT     NOT NULL,
    subject_kind  TEXT     NOT NULL,
    subject_id    TEXT     NOT NULL,
    region        TEXT     NOT NULL,
    line          TEXT     NOT NULL,
    amount        BIGINT   NOT NULL,
    first_month   BIGINT   NOT NULL,
    last_month    BIGINT   NOT NULL,
    hash          TEXT     NOT NULL,
    found         SMALLINT NOT NULL CHECK (found IN (0, 1)),
    times         BIGINT   NOT NULL,
    suppressed    BIGINT   NOT NULL,
    raised_at     BIGINT   NOT NULL,
    raised_on     TEXT     NOT NULL,
    seen_at       BIGINT   NOT NULL,
    changed_at    BIGINT   NOT NULL,
    due_at        BIGINT   NOT NULL,
    agency        TEXT     NOT NULL,
    handler       TEXT     NOT NULL,
    verdict       TEXT     NOT NULL,
    verdict_hash  TEXT     NOT NULL,
    directive     TEXT     NOT NULL,
    dispatches    BIGINT   NOT NULL,
    suspended     SMALLINT NOT NULL CHECK (suspended IN (0, 1)),
    confirmed     BIGINT   NOT NULL,
    recovered     BIGINT   NOT NULL,
    closed_at     BIGINT   NOT NULL,
    closed_on     TEXT     NOT NULL,
    UNIQUE (finding_key, open_slot)
);
CREATE INDEX alert_key ON alert (finding_key, id);
CREATE INDEX alert_raised ON alert (raised_at, id);
CREATE INDEX alert_region ON alert (region, state);

CREATE TABLE alert_event (
    alert      BIGINT NOT NULL,
    no         BIGINT NOT NULL,
    rev        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor_id   TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    note       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    digest     TEXT   NOT NULL,
    PRIMARY KEY (alert, no)
);

-- What was asked of the business core about an alert, and what came back.
CREATE TABLE alert_directive (
    id          TEXT     NOT NULL PRIMARY KEY,
    alert       BIGINT   NOT NULL,
    kind        TEXT     NOT NULL,
    state       TEXT     NOT NULL,
    message     TEXT     NOT NULL,
    answer      TEXT     NOT NULL,
    made_at     BIGINT   NOT NULL,
    answered_at BIGINT   NOT NULL
);
CREATE INDEX alert_directive_alert ON alert_directive (alert, made_at);

CREATE TABLE supervision_cursor (
    name TEXT   NOT NULL PRIMARY KEY,
    seq  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE supervision_cursor;
DROP TABLE alert_directive;
DROP TABLE alert_event;
DROP TABLE alert;
