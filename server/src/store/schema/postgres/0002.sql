-- The signed sets of the zones: what restarts and replicas need, and what can be made anew from the registry.

CREATE TABLE signed_zones (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text    COLLATE "C" NOT NULL UNIQUE,
    number    bigint  NOT NULL,   -- counts the changes
    serial    bigint  NOT NULL,   -- of the SOA at that number
    forgotten bigint  NOT NULL,   -- changes up to here cannot be told one by one any more
    file      text                -- the file of records that the zone was last given
);

CREATE TABLE signed_sets (
    zone   integer  NOT NULL REFERENCES signed_zones (id),
    owner  bytea    NOT NULL,
    type   integer  NOT NULL,
    number bigint   NOT NULL,     -- the change that made it so
    bytes  bytea,                 -- NULL: removed by that change
    PRIMARY KEY (zone, owner, type)
);

CREATE INDEX signed_sets_by_number ON signed_sets (zone, number);
CREATE INDEX removed_signed_sets ON signed_sets (zone, number) WHERE bytes IS NULL;

-- Signatures hardly shrink: compressing them would only cost time.
ALTER TABLE signed_sets ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- The changes that can be told one by one.
CREATE TABLE signed_steps (
    zone   integer NOT NULL REFERENCES signed_zones (id),
    number bigint  NOT NULL,
    serial bigint  NOT NULL,
    at     bigint  NOT NULL,
    PRIMARY KEY (zone, number)
);
