-- How Nostr programs find the owner of a name (NIP-05), where the owner wants to be found: JSON; NULL: not at all.

ALTER TABLE handles ADD COLUMN nostr text;
ALTER TABLE history ADD COLUMN nostr text;           -- as it was afterwards
