-- The first schema, the same text on SQLite and PostgreSQL: BIGINT, TEXT and BYTEA only.
-- Times are milliseconds since 1970, hashes and sealed values are BYTEA, `doc` is versioned JSON.
-- Keys begin with the pool, then the user. Constraints keep PostgreSQL's default names.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE pools (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX pools_by_account ON pools (account, region, id);

-- Shards, so that sign-ups do not queue for one row.
CREATE TABLE pool_counts (
    pool_id TEXT NOT NULL,
    shard BIGINT NOT NULL,
    users BIGINT NOT NULL,
    PRIMARY KEY (pool_id, shard)
);

CREATE TABLE clients (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, id),
    UNIQUE (id)
);

CREATE TABLE client_secrets (
    pool_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    id TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (pool_id, client_id, id)
);

CREATE TABLE users (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    username TEXT NOT NULL,
    username_key BYTEA NOT NULL,
    status TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    credential BYTEA,
    signed_out_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id),
    UNIQUE (pool_id, username_key)
);

CREATE TABLE aliases (
    pool_id TEXT NOT NULL,
    value BYTEA NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, value, kind)
);
CREATE INDEX aliases_by_user ON aliases (pool_id, user_id);

CREATE TABLE user_search (
    pool_id TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value BYTEA NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, attribute, value, user_id)
);
CREATE INDEX user_search_by_user ON user_search (pool_id, user_id);

CREATE TABLE codes (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    hash BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, user_id, purpose)
);
CREATE INDEX codes_by_expiry ON codes (expires_ms);

CREATE TABLE attempts (
    pool_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    window_ms BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (pool_id, subject, kind, window_ms)
);
CREATE INDEX attempts_by_window ON attempts (window_ms);

CREATE TABLE failures (
    pool_id TEXT NOT NULL,
    subject BYTEA NOT NULL,
    count BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    PRIMARY KEY (pool_id, subject)
);
CREATE INDEX failures_by_time ON failures (last_ms);

CREATE TABLE sessions (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT,
    token_hash BYTEA NOT NULL,
    previous_hash BYTEA,
    rotated_ms BIGINT,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, user_id, id)
);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE spent (
    pool_id TEXT NOT NULL,
    id BYTEA NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);
CREATE INDEX spent_by_expiry ON spent (expires_ms);

CREATE TABLE groups (
    pool_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    precedence BIGINT,
    doc TEXT NOT NULL,
    PRIMARY KEY (pool_id, name)
);

CREATE TABLE memberships (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (pool_id, user_id, group_name)
);
CREATE INDEX memberships_by_group ON memberships (pool_id, group_name, user_id);

CREATE TABLE signing_keys (
    pool_id TEXT NOT NULL,
    kid TEXT NOT NULL,
    token_use TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    retired_ms BIGINT,
    public TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (pool_id, kid)
);
CREATE INDEX signing_keys_by_retirement ON signing_keys (retired_ms);

CREATE TABLE access_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT,
    sealed BYTEA NOT NULL,
    policy TEXT NOT NULL
);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_ms BIGINT NOT NULL
);
