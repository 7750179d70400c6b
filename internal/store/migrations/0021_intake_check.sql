-- +goose Up
CREATE TABLE check_run (
    seq          BIGINT NOT NULL PRIMARY KEY,
    state        TEXT   NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    load_seq     BIGINT NOT NULL,
    as_of        BIGINT NOT NULL,
    points       BIGINT NOT NULL,
    points_ok    BIGINT NOT NULL,
    rows_checked BIGINT NOT NULL,
    rows_faulty  BIGINT NOT NULL,
    discard_rows BIGINT NOT NULL,
    adjust_rows  BIGINT NOT NULL,
    convert_rows BIGINT NOT NULL,
    message      TEXT   NOT NULL,
    started_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL
);

CREATE TABLE check_result (
    run_seq  BIGINT NOT NULL,
    point    TEXT   NOT NULL,
    checked  BIGINT NOT NULL,
    faulty   BIGINT NOT NULL,
    passed   BIGINT NOT NULL CHECK (passed IN (0, 1)),
    took_ms  BIGINT NOT NULL,
    fault    TEXT   NOT NULL,
    PRIMARY KEY (run_seq, point)
);
CREATE INDEX check_result_point ON check_result (point, run_seq);

CREATE TABLE check_issue (
    point      TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('open', 'assigned', 'fixed', 'accepted')),
    rows_now   BIGINT NOT NULL,
    rows_known BIGINT NOT NULL,
    owner      TEXT   NOT NULL,
    deadline   BIGINT NOT NULL,
    note       TEXT   NOT NULL,
    first_run  BIGINT NOT NULL,
    last_run   BIGINT NOT NULL,
    first_at   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (point, region)
);

-- +goose Down
DROP TABLE check_issue;
DROP TABLE check_result;
DROP TABLE check_run;
