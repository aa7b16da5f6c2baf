-- The life of a name: disabled, given away, expired, free again.

ALTER TABLE handles
    ADD COLUMN kept       text,                      -- what it pays once it is enabled or renewed
    ADD COLUMN disabled   boolean NOT NULL DEFAULT false,
    ADD COLUMN suspended  boolean NOT NULL DEFAULT false,
    ADD COLUMN born       bigint  NOT NULL DEFAULT 1,
    ADD COLUMN expires_at bigint,
    ADD COLUMN free_at    bigint;                    -- NULL: it is kept for its owner for good

CREATE INDEX handles_by_end ON handles (expires_at)
    WHERE expires_at IS NOT NULL AND state NOT IN ('removing', 'removed', 'expiring', 'expired');

ALTER TABLE history
    ADD COLUMN deed     text,                        -- NULL, before this column: a claim, an update or a removal
    ADD COLUMN signer   bytea,                       -- the key that asked for it; NULL with no `deed`: the owner
    ADD COLUMN operator text,                        -- or the token that did
    ADD COLUMN kept     text,
    ADD COLUMN consent  text;                        -- the new owner's signed event
