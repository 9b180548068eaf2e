-- +goose Up
CREATE TABLE polls (
	id        TEXT PRIMARY KEY,
	meeting   TEXT NOT NULL,
	room      TEXT NOT NULL,
	question  TEXT NOT NULL, -- JSON of poll.Question
	asker     TEXT NOT NULL, -- an identity, or else a participant id
	asker_name TEXT NOT NULL,
	state     TEXT NOT NULL,
	shared    BOOLEAN NOT NULL DEFAULT FALSE,
	counts    TEXT NOT NULL, -- JSON list: how often each option was chosen
	created   BIGINT NOT NULL,
	opened    BIGINT NOT NULL DEFAULT 0,
	closed    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX polls_meeting ON polls (meeting, id);

-- Who chose what in named polls.
CREATE TABLE poll_votes (
	poll   TEXT NOT NULL,
	voter  TEXT NOT NULL,
	name   TEXT NOT NULL,
	choice TEXT NOT NULL, -- JSON list of indexes
	PRIMARY KEY (poll, voter)
);

-- Who has voted in anonymous polls. Nothing here says what, or when.
CREATE TABLE poll_voters (
	poll  TEXT NOT NULL,
	voter TEXT NOT NULL,
	PRIMARY KEY (poll, voter)
);

-- +goose Down
DROP TABLE poll_voters;
DROP TABLE poll_votes;
DROP TABLE polls;
