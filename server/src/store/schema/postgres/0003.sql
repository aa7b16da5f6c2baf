-- The key files of the zones as they lie in the data directories of all servers: private keys are encrypted where
-- there is a passphrase. Who holds the row of a zone may take the next step with its keys.

CREATE TABLE zone_keys (
    zone    text   COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL       -- 0: none yet
);

CREATE TABLE key_files (
    zone  text  COLLATE "C" NOT NULL REFERENCES zone_keys (zone),
    name  text  COLLATE "C" NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (zone, name)
);
