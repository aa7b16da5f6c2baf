-- The signed sets of the zones: what restarts and replicas need, and what can be made anew from the registry.

CREATE TABLE zones (
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL UNIQUE,
    number    INTEGER NOT NULL,   -- counts the changes
    serial    INTEGER NOT NULL,   -- of the SOA at that number
    forgotten INTEGER NOT NULL,   -- changes up to here cannot be told one by one any more
    file      TEXT                -- the file of records that the zone was last given
) STRICT;

-- Ids of a zone are in one range (zones.id << 40), in the order in which sets were first stored: so a zone
-- is read from front to back.
CREATE TABLE sets (
    id     INTEGER PRIMARY KEY,
    zone   INTEGER NOT NULL REFERENCES zones (id),
    owner  BLOB    NOT NULL,
    type   INTEGER NOT NULL,
    number INTEGER NOT NULL,      -- the change that made it so
    bytes  BLOB,                  -- NULL: removed by that change
    UNIQUE (zone, owner, type)
) STRICT;

CREATE INDEX sets_by_number ON sets (zone, number);
CREATE INDEX removed_sets ON sets (zone, number) WHERE bytes IS NULL;

-- The changes that can be told one by one.
CREATE TABLE steps (
    zone   INTEGER NOT NULL REFERENCES zones (id),
    number INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (zone, number)
) STRICT, WITHOUT ROWID;
