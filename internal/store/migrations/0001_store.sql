-- +goose Up
CREATE TABLE store_identity (
    id      SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch   TEXT     NOT NULL,
    made_at BIGINT   NOT NULL
);

CREATE TABLE store_sequence (
    name TEXT   NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

-- +goose Down
DROP TABLE store_sequence;
DROP TABLE store_identity;
