-- +goose Up
-- duty is what an account is for: one of the three administrators, or business. Every role row must carry the
-- duty of its account: so no account can hold two administrators' roles, or an administrator's and a business
-- role, whatever the program does. A login name is never given to a second account: accounts are never deleted.
CREATE TABLE account (
    id          TEXT     NOT NULL PRIMARY KEY,
    login       TEXT     NOT NULL UNIQUE,
    name        TEXT     NOT NULL,
    unit        TEXT     NOT NULL,
    rev         BIGINT   NOT NULL,
    duty        TEXT     NOT NULL CHECK (duty IN ('business', 'sysadmin', 'secadmin', 'auditadmin')),
    disabled    SMALLINT NOT NULL CHECK (disabled IN (0, 1)),
    demo        SMALLINT NOT NULL CHECK (demo IN (0, 1)),
    password    TEXT     NOT NULL,
    password_at BIGINT   NOT NULL,
    must_change SMALLINT NOT NULL CHECK (must_change IN (0, 1)),
    regions     TEXT     NOT NULL,
    lines       TEXT     NOT NULL,
    made_at     BIGINT   NOT NULL,
    made_by     TEXT     NOT NULL,
    login_at    BIGINT   NOT NULL,
    UNIQUE (id, duty)
);

CREATE TABLE account_role (
    account_id TEXT NOT NULL,
    duty       TEXT NOT NULL,
    role       TEXT NOT NULL,
    PRIMARY KEY (account_id, role),
    FOREIGN KEY (account_id, duty) REFERENCES account (id, duty),
    CHECK (duty = role OR (duty = 'business' AND role NOT IN ('sysadmin', 'secadmin', 'auditadmin')))
);

-- A grant is proposed by one administrator and confirmed by another. open_slot is 1 while it waits and NULL
-- afterwards: one waiting grant of a kind for an account.
CREATE TABLE account_grant (
    id         TEXT   NOT NULL PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES account (id),
    kind       TEXT   NOT NULL CHECK (kind IN ('roles', 'scope')),
    roles      TEXT   NOT NULL,
    regions    TEXT   NOT NULL,
    lines      TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('waiting', 'confirmed', 'refused')),
    open_slot  SMALLINT,
    maker      TEXT   NOT NULL,
    made_at    BIGINT NOT NULL,
    checker    TEXT   NOT NULL,
    checked_at BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    UNIQUE (account_id, kind, open_slot),
    CHECK (maker <> checker AND maker <> account_id AND checker <> account_id)
);

CREATE TABLE account_password (
    account_id TEXT   NOT NULL REFERENCES account (id),
    seq        BIGINT NOT NULL,
    password   TEXT   NOT NULL,
    PRIMARY KEY (account_id, seq)
);

CREATE TABLE account_session (
    id         TEXT   NOT NULL PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES account (id),
    address    TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    made_at    BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL
);
CREATE INDEX account_session_account ON account_session (account_id);

-- Failed log-ins of an account or an address within the window; attempts under way are counted ahead.
CREATE TABLE login_guard (
    kind    TEXT   NOT NULL CHECK (kind IN ('account', 'address')),
    subject TEXT   NOT NULL,
    tries   BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

-- One-time links with which a person sets the password of an account; token is a hash.
CREATE TABLE account_link (
    token      TEXT   NOT NULL PRIMARY KEY,
    account_id TEXT   NOT NULL UNIQUE REFERENCES account (id),
    ends_at    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE account_link;
DROP TABLE login_guard;
DROP TABLE account_session;
DROP TABLE account_password;
DROP TABLE account_grant;
DROP TABLE account_role;
DROP TABLE account;
