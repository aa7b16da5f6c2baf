-- Who gets a name.

ALTER TABLE handles ADD COLUMN skeleton TEXT;        -- what it looks like (UTS 39); NULL: not reckoned yet
ALTER TABLE handles ADD COLUMN under    TEXT;        -- the last label of a name that has several

CREATE INDEX handles_by_skeleton ON handles (domain, skeleton);
CREATE INDEX handles_by_owner    ON handles (domain, owner);
CREATE INDEX handles_under       ON handles (domain, under) WHERE under IS NOT NULL;
CREATE INDEX handles_unreckoned  ON handles (id)            WHERE skeleton IS NULL;

-- Invites, by the hashes of their codes.
CREATE TABLE invites (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    domain     TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    uses       INTEGER NOT NULL,
    used       INTEGER NOT NULL DEFAULT 0 CHECK (used <= uses),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- How many names were claimed from each network in a day. The networks are hashed with a salt of the day; both
-- are forgotten after the next day.
CREATE TABLE network_salts (
    day  INTEGER PRIMARY KEY,
    salt BLOB    NOT NULL
) STRICT;

CREATE TABLE network_claims (
    day    INTEGER NOT NULL,
    mark   BLOB    NOT NULL,
    claims INTEGER NOT NULL,
    PRIMARY KEY (day, mark)
) STRICT, WITHOUT ROWID;
