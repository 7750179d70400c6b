-- +goose Up
-- Answers to requests that carried an Idempotency-Key, kept for a day so that a repeat gets the same answer.
CREATE TABLE web_reply (
    actor_id  TEXT     NOT NULL,
    idem_key  TEXT     NOT NULL,
    route     TEXT     NOT NULL,
    body_hash TEXT     NOT NULL,
    at        BIGINT   NOT NULL,
    done      SMALLINT NOT NULL CHECK (done IN (0, 1)),
    status    INTEGER  NOT NULL,
    header    TEXT     NOT NULL,
    body      TEXT     NOT NULL,
    PRIMARY KEY (actor_id, idem_key)
);
CREATE INDEX web_reply_at ON web_reply (at);

-- +goose Down
DROP TABLE web_reply;
