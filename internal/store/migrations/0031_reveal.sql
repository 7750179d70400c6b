-- +goose Up
-- Who was shown the clear data of which alert, for the daily quota. The reasons are in the audit chain.
CREATE TABLE alert_reveal (
    id       TEXT   NOT NULL PRIMARY KEY,
    actor_id TEXT   NOT NULL,
    alert    BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX alert_reveal_actor ON alert_reveal (actor_id, at);

-- +goose Down
DROP TABLE alert_reveal;
