-- +goose Up
-- The audit log: a chain that only grows; see package identity/audit.
CREATE TABLE audit (
	seq         BIGINT PRIMARY KEY,
	id          TEXT NOT NULL UNIQUE, -- of what came as a fact, the fact's
	at          BIGINT NOT NULL,
	participant TEXT NOT NULL,
	identity    TEXT NOT NULL,
	name        TEXT NOT NULL,
	role        TEXT NOT NULL,
	api_key     TEXT NOT NULL,
	address     TEXT NOT NULL,
	action      TEXT NOT NULL,
	room        TEXT NOT NULL,
	meeting     TEXT NOT NULL,
	target      TEXT NOT NULL,
	outcome     TEXT NOT NULL,
	detail      TEXT NOT NULL, -- a JSON object, or empty
	prev        TEXT NOT NULL,
	hash        TEXT NOT NULL
);
CREATE INDEX audit_room ON audit (room, seq);
CREATE INDEX audit_at ON audit (at);

-- Who appends holds this row, so that of several servers none forks the chain.
CREATE TABLE audit_head (
	id   BIGINT PRIMARY KEY,
	seq  BIGINT NOT NULL,
	hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- +goose Down
DROP TABLE audit_head;
DROP TABLE audit;
