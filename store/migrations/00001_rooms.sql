-- +goose Up
CREATE TABLE rooms (
	name      TEXT PRIMARY KEY,
	kind      TEXT NOT NULL,
	title     TEXT NOT NULL DEFAULT '',
	owner     TEXT NOT NULL DEFAULT '', -- an identity; empty: only the holder of the owner link is known
	settings  TEXT NOT NULL,            -- JSON of rooms.Settings
	retention BIGINT NOT NULL DEFAULT 0, -- the settings' own, in microseconds; 0: the server's default
	created   BIGINT NOT NULL,
	updated   BIGINT NOT NULL,
	version   BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX rooms_owner ON rooms (owner, name);

CREATE TABLE meetings (
	id      TEXT PRIMARY KEY,
	room    TEXT NOT NULL,
	started BIGINT NOT NULL,
	seen    BIGINT NOT NULL, -- when it was last known to be on
	ended   BIGINT,          -- NULL while it is on
	people  BIGINT NOT NULL DEFAULT 0,
	most    BIGINT NOT NULL DEFAULT 0,
	reason  TEXT NOT NULL DEFAULT '',
	state   TEXT NOT NULL    -- JSON of rooms.Meeting
);
CREATE INDEX meetings_room ON meetings (room, started);
CREATE INDEX meetings_open ON meetings (room) WHERE ended IS NULL;
CREATE INDEX meetings_ended ON meetings (ended);

CREATE TABLE stays (
	id          TEXT PRIMARY KEY,
	meeting     TEXT NOT NULL,
	room        TEXT NOT NULL,
	participant TEXT NOT NULL,
	identity    TEXT NOT NULL DEFAULT '',
	name        TEXT NOT NULL DEFAULT '',
	role        TEXT NOT NULL DEFAULT '',
	client      TEXT NOT NULL DEFAULT '',
	joined      BIGINT NOT NULL,
	gone        BIGINT,                     -- NULL while they are in
	spoke       BIGINT NOT NULL DEFAULT 0,  -- microseconds
	poor        BIGINT NOT NULL DEFAULT 0,  -- microseconds
	reason      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX stays_meeting ON stays (meeting, joined);

-- One row that is written to find out whether the database takes writes.
CREATE TABLE pulse (beats BIGINT NOT NULL);
INSERT INTO pulse (beats) VALUES (0);

-- +goose Down
DROP TABLE pulse;
DROP TABLE stays;
DROP TABLE meetings;
DROP TABLE rooms;
