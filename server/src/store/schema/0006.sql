-- How Nostr programs find the owner of a name (NIP-05), where the owner wants to be found: JSON; NULL: not at all.

ALTER TABLE handles ADD COLUMN nostr TEXT;
ALTER TABLE history ADD COLUMN nostr TEXT;           -- as it was afterwards
