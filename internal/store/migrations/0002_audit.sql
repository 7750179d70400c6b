-- +goose Up
CREATE TABLE audit_entry (
    seq        BIGINT NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor_id   TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    roles      TEXT   NOT NULL,
    scope      TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    object     TEXT   NOT NULL,
    outcome    TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    key_id     TEXT   NOT NULL,
    prev       TEXT   NOT NULL,
    mac        TEXT   NOT NULL
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, seq);
CREATE INDEX audit_entry_object ON audit_entry (object, seq);

-- +goose Down
DROP TABLE audit_entry;
