-- +goose Up
CREATE TABLE api_keys (
	id      TEXT PRIMARY KEY,
	name    TEXT NOT NULL,
	hash    TEXT NOT NULL, -- SHA-256 of the secret, in hexadecimal
	scopes  TEXT NOT NULL, -- JSON list
	rooms   TEXT NOT NULL, -- JSON list of patterns; empty: all rooms
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL DEFAULT 0,
	revoked BIGINT NOT NULL DEFAULT 0,
	used    BIGINT NOT NULL DEFAULT 0
);

-- +goose Down
DROP TABLE api_keys;
