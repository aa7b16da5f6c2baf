-- Operators: their tokens, by the hashes of these, and what was done with them.

CREATE TABLE operator_tokens (
    name         text   COLLATE "C" PRIMARY KEY,
    hash         bytea  NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes       text   NOT NULL,                    -- words with spaces between them
    domain       text,                               -- NULL: all
    created_at   bigint NOT NULL,
    expires_at   bigint,
    revoked_at   bigint,
    last_used_at bigint
);

CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL,
    actor   text   NOT NULL,                         -- a token's name; `paynamed` for the command line
    deed    text   NOT NULL,
    subject text   NOT NULL
);

CREATE FUNCTION refuse_to_forget_audit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION refuse_to_forget_audit();

CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget_audit();
