-- +goose Up
CREATE TABLE links (
	id         TEXT PRIMARY KEY, -- sorts by time; it is the jti of the link's token
	room       TEXT NOT NULL,
	role       TEXT NOT NULL,
	name       TEXT NOT NULL DEFAULT '', -- whom it is for
	once       BOOLEAN NOT NULL DEFAULT FALSE,
	maker      TEXT NOT NULL DEFAULT '', -- an identity, a participant's id or "key <id>"
	maker_name TEXT NOT NULL DEFAULT '',
	created    BIGINT NOT NULL,
	expires    BIGINT NOT NULL
);
CREATE INDEX links_room ON links (room, id);
CREATE INDEX links_expires ON links (expires);

-- What follows is by the id of any token, also of those that are in no list.
CREATE TABLE link_revocations (
	link    TEXT PRIMARY KEY,
	at      BIGINT NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX link_revocations_expires ON link_revocations (expires);

CREATE TABLE link_visits (
	link    TEXT PRIMARY KEY,
	visit   TEXT NOT NULL, -- tells the one visit from others that try the same link
	at      BIGINT NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX link_visits_expires ON link_visits (expires);

-- From when on the links of a room count: it was deleted then.
CREATE TABLE link_epochs (
	room  TEXT PRIMARY KEY,
	since BIGINT NOT NULL
);

-- Rooms of a chosen name belong to the link that asked first. Who came second
-- has a row as well, under a name no room can have.
CREATE TABLE room_claims (
	room    TEXT PRIMARY KEY,
	link    TEXT NOT NULL,
	at      BIGINT NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX room_claims_expires ON room_claims (expires);

-- +goose Down
DROP TABLE room_claims;
DROP TABLE link_epochs;
DROP TABLE link_visits;
DROP TABLE link_revocations;
DROP TABLE links;
