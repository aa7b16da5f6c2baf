-- Requests that are to be done once (Idempotency-Key), and what was answered.

CREATE TABLE requests (
    signer   BLOB    NOT NULL,
    key      TEXT    NOT NULL,
    digest   BLOB    NOT NULL,   -- of method, URL and body
    begun_at INTEGER NOT NULL,
    answer   TEXT,               -- JSON; NULL while it is under way
    PRIMARY KEY (signer, key)
) WITHOUT ROWID, STRICT;

CREATE INDEX requests_by_time ON requests (begun_at);
