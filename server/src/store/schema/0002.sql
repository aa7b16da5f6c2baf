-- The life of a name: disabled, given away, expired, free again.

ALTER TABLE handles ADD COLUMN kept       TEXT;      -- what it pays once it is enabled or renewed
ALTER TABLE handles ADD COLUMN disabled   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE handles ADD COLUMN suspended  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE handles ADD COLUMN born       INTEGER NOT NULL DEFAULT 1;
ALTER TABLE handles ADD COLUMN expires_at INTEGER;
ALTER TABLE handles ADD COLUMN free_at    INTEGER;   -- NULL: it is kept for its owner for good

CREATE INDEX handles_by_end ON handles (expires_at)
    WHERE expires_at IS NOT NULL AND state NOT IN ('removing', 'removed', 'expiring', 'expired');

ALTER TABLE history ADD COLUMN deed     TEXT;        -- NULL, before this column: a claim, an update or a removal
ALTER TABLE history ADD COLUMN signer   BLOB;        -- the key that asked for it; NULL with no `deed`: the owner
ALTER TABLE history ADD COLUMN operator TEXT;        -- or the token that did
ALTER TABLE history ADD COLUMN kept     TEXT;
ALTER TABLE history ADD COLUMN consent  TEXT;        -- the new owner's signed event
