-- What signing in rests on beside a password, and what threat protection keeps. The same rules as in 0001_init.sql.

CREATE TABLE devices (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    authenticated_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    verifier BYTEA NOT NULL,
    PRIMARY KEY (pool_id, user_id, key)
);

CREATE TABLE passkeys (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, user_id, id),
    UNIQUE (pool_id, id)
);

-- The configuration of a pool has the empty client_id.
CREATE TABLE risk_configurations (
    pool_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    modified_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, client_id)
);

-- known_as: what the event says of later ones: 'user' (it was the user who came), 'failure', or nothing ('').
CREATE TABLE auth_events (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    known_as TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, user_id, id)
);
CREATE INDEX auth_events_by_time ON auth_events (pool_id, user_id, created_ms, id);
CREATE INDEX auth_events_by_meaning ON auth_events (pool_id, user_id, known_as, created_ms);
CREATE INDEX auth_events_by_expiry ON auth_events (expires_ms);
