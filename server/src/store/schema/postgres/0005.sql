-- Requests that are to be done once (Idempotency-Key), and what was answered.

CREATE TABLE requests (
    signer   bytea  NOT NULL,
    key      text   NOT NULL,
    digest   bytea  NOT NULL,   -- of method, URL and body
    begun_at bigint NOT NULL,
    answer   text,              -- JSON; NULL while it is under way
    PRIMARY KEY (signer, key)
);

CREATE INDEX requests_by_time ON requests (begun_at);
