-- +goose Up
CREATE TABLE repeats (
	caller   TEXT NOT NULL,
	key      TEXT NOT NULL,
	digest   TEXT NOT NULL,            -- of the request
	begun    BIGINT NOT NULL,
	done     BOOLEAN NOT NULL DEFAULT FALSE,
	status   BIGINT NOT NULL DEFAULT 0,
	location TEXT NOT NULL DEFAULT '',
	body     TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (caller, key)
);
CREATE INDEX repeats_begun ON repeats (begun);

-- +goose Down
DROP TABLE repeats;
