-- +goose Up
-- What a day came to, kept when its stays are no more.
CREATE TABLE usage_days (
	day     TEXT NOT NULL, -- 2026-03-01, in UTC
	room    TEXT NOT NULL, -- empty: the whole server
	figures TEXT NOT NULL, -- JSON of attendance.Day
	PRIMARY KEY (day, room)
);

-- How often people could not come in. A row is one of a fact's codes.
CREATE TABLE join_failures (
	fact  TEXT NOT NULL,
	code  TEXT NOT NULL,
	at    BIGINT NOT NULL,
	count BIGINT NOT NULL,
	PRIMARY KEY (fact, code)
);
CREATE INDEX join_failures_at ON join_failures (at);

-- +goose Down
DROP TABLE join_failures;
DROP TABLE usage_days;
