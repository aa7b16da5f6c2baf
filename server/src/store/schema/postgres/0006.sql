-- Who gets a name.

ALTER TABLE handles
    ADD COLUMN skeleton text COLLATE "C",            -- what it looks like (UTS 39); NULL: not reckoned yet
    ADD COLUMN under    text COLLATE "C";            -- the last label of a name that has several

CREATE INDEX handles_by_skeleton ON handles (domain, skeleton);
CREATE INDEX handles_by_owner    ON handles (domain, owner);
CREATE INDEX handles_under       ON handles (domain, under) WHERE under IS NOT NULL;
CREATE INDEX handles_unreckoned  ON handles (id)            WHERE skeleton IS NULL;

-- Invites, by the hashes of their codes.
CREATE TABLE invites (
    hash       bytea   PRIMARY KEY CHECK (length(hash) = 32),
    domain     text    NOT NULL,
    note       text    NOT NULL,
    uses       bigint  NOT NULL,
    used       bigint  NOT NULL DEFAULT 0 CHECK (used <= uses),
    created_at bigint  NOT NULL,
    expires_at bigint,
    revoked    boolean NOT NULL DEFAULT false
);

-- How many names were claimed from each network in a day. The networks are hashed with a salt of the day; both
-- are forgotten after the next day.
CREATE TABLE network_salts (
    day  bigint PRIMARY KEY,
    salt bytea  NOT NULL
);

CREATE TABLE network_claims (
    day    bigint NOT NULL,
    mark   bytea  NOT NULL,
    claims bigint NOT NULL,
    PRIMARY KEY (day, mark)
);
