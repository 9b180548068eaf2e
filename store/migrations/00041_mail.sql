-- +goose Up
CREATE TABLE mails (
	id           TEXT PRIMARY KEY,
	message      TEXT NOT NULL,            -- JSON of mail.Message
	state        TEXT NOT NULL,            -- waiting, dead; what was sent is deleted
	created      BIGINT NOT NULL,
	due          BIGINT NOT NULL,
	attempts     BIGINT NOT NULL DEFAULT 0,
	error        TEXT NOT NULL DEFAULT '',
	lease_holder TEXT NOT NULL DEFAULT '', -- the server that sends it now
	lease_until  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mails_due ON mails (state, due);

-- How much somebody had sent on a day.
CREATE TABLE mail_counts (
	who  TEXT NOT NULL,
	day  TEXT NOT NULL,
	sent BIGINT NOT NULL,
	PRIMARY KEY (who, day)
);

-- +goose Down
DROP TABLE mail_counts;
DROP TABLE mails;
