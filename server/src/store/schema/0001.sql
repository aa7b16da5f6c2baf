-- The registry. Times are Unix seconds; `version` counts the changes of a name from 1.

CREATE TABLE handles (
    id           INTEGER PRIMARY KEY,
    domain       TEXT    NOT NULL,
    user         TEXT    NOT NULL,
    owner        BLOB    NOT NULL CHECK (length(owner) = 32),
    uri          TEXT,                              -- NULL: removed, kept for its former owner
    state        TEXT    NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    published_at INTEGER,
    proven_by    TEXT,
    error        TEXT,
    UNIQUE (domain, user)
) STRICT;

-- What has still to be brought into DNS and proven: at most one row a name, the newest change's.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    handle   INTEGER NOT NULL UNIQUE REFERENCES handles (id),
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Signed events that were used, until no clock would take them any more.
CREATE TABLE seen_events (
    id        BLOB    PRIMARY KEY CHECK (length(id) = 32),
    lapses_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_events_by_time ON seen_events (lapses_at);

-- Every change that was made, with the signed event that asked for it.
CREATE TABLE history (
    id      INTEGER PRIMARY KEY,
    handle  INTEGER NOT NULL REFERENCES handles (id),
    version INTEGER NOT NULL,
    owner   BLOB    NOT NULL,
    uri     TEXT,
    event   TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (handle, version)
) STRICT;

CREATE TRIGGER history_is_never_changed BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;

CREATE TRIGGER history_is_never_forgotten BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;

-- The highest serial number a zone was served with.
CREATE TABLE zones (
    name   TEXT    PRIMARY KEY,
    serial INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
