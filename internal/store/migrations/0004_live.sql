-- +goose Up
CREATE TABLE live_topic (
    topic    TEXT   NOT NULL PRIMARY KEY,
    next_seq BIGINT NOT NULL,
    min_seq  BIGINT NOT NULL
);

CREATE TABLE live_event (
    topic  TEXT   NOT NULL,
    seq    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    as_of  BIGINT NOT NULL,
    ref    TEXT   NOT NULL,
    region TEXT   NOT NULL,
    line   TEXT   NOT NULL,
    data   TEXT   NOT NULL,
    PRIMARY KEY (topic, seq)
);

-- +goose Down
DROP TABLE live_event;
DROP TABLE live_topic;
