-- +goose Up
CREATE TABLE chat_lines (
	id            TEXT PRIMARY KEY, -- a UUID of version 7: lines sort by time
	room          TEXT NOT NULL,
	meeting       TEXT NOT NULL,
	author        TEXT NOT NULL,    -- an identity, or else a participant id
	participant   TEXT NOT NULL,
	name          TEXT NOT NULL,
	breakout      TEXT NOT NULL DEFAULT '',
	reader        TEXT NOT NULL DEFAULT '', -- who alone may read it, as author; empty: everybody
	reader_id     TEXT NOT NULL DEFAULT '',
	reader_name   TEXT NOT NULL DEFAULT '',
	text          TEXT NOT NULL,
	folded        TEXT NOT NULL,    -- what it is found by
	at            BIGINT NOT NULL,
	edited        BIGINT NOT NULL DEFAULT 0,
	deleted       BOOLEAN NOT NULL DEFAULT FALSE,
	nonce         TEXT NOT NULL DEFAULT '',
	quote         TEXT NOT NULL DEFAULT '', -- the line it answers
	quote_author  TEXT NOT NULL DEFAULT '',
	quote_name    TEXT NOT NULL DEFAULT '',
	quote_text    TEXT NOT NULL DEFAULT '',
	file          TEXT NOT NULL DEFAULT '',
	file_name     TEXT NOT NULL DEFAULT '',
	file_type     TEXT NOT NULL DEFAULT '',
	file_size     BIGINT NOT NULL DEFAULT 0,
	file_width    BIGINT NOT NULL DEFAULT 0,
	file_height   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX chat_lines_room ON chat_lines (room, id);
CREATE INDEX chat_lines_meeting ON chat_lines (meeting, id);
CREATE INDEX chat_lines_quote ON chat_lines (quote) WHERE quote <> '';
CREATE INDEX chat_lines_file ON chat_lines (file) WHERE file <> '';

CREATE TABLE chat_marks (
	line        TEXT NOT NULL REFERENCES chat_lines (id) ON DELETE CASCADE,
	author      TEXT NOT NULL,
	emoji       TEXT NOT NULL,
	participant TEXT NOT NULL,
	name        TEXT NOT NULL,
	at          BIGINT NOT NULL,
	PRIMARY KEY (line, author, emoji)
);

-- +goose Down
DROP TABLE chat_marks;
DROP TABLE chat_lines;
