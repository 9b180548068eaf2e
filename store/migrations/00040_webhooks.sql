-- +goose Up
CREATE TABLE webhooks (
	id           TEXT PRIMARY KEY,
	url          TEXT NOT NULL,
	events       TEXT NOT NULL,             -- JSON list of names
	room         TEXT NOT NULL DEFAULT '',  -- empty: every room
	secrets      TEXT NOT NULL,             -- JSON list, the newest first; deliveries are signed with them
	rotated      BIGINT NOT NULL DEFAULT 0,
	created      BIGINT NOT NULL,
	author       TEXT NOT NULL DEFAULT '',
	expires      BIGINT NOT NULL DEFAULT 0, -- 0: never
	disabled     BIGINT NOT NULL DEFAULT 0, -- 0: it is not
	why          TEXT NOT NULL DEFAULT '',
	failing      BIGINT NOT NULL DEFAULT 0, -- 0: the newest delivery went well
	dropped      BIGINT NOT NULL DEFAULT 0,
	lease_holder TEXT NOT NULL DEFAULT '',  -- the server that delivers now
	lease_until  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX webhooks_room ON webhooks (room, id);

-- No foreign key: a fact must not be lost because its webhook is deleted at that moment.
CREATE TABLE webhook_deliveries (
	webhook  TEXT NOT NULL,
	id       TEXT NOT NULL,             -- of the event; sorts by time
	type     TEXT NOT NULL,
	body     TEXT NOT NULL,
	created  BIGINT NOT NULL,
	state    TEXT NOT NULL,             -- waiting, sent, failed
	due      BIGINT NOT NULL,
	attempts BIGINT NOT NULL DEFAULT 0,
	aside    BOOLEAN NOT NULL DEFAULT FALSE,
	tried    BIGINT NOT NULL DEFAULT 0, -- when it was tried last, and how that went
	took     BIGINT NOT NULL DEFAULT 0, -- microseconds
	status   BIGINT NOT NULL DEFAULT 0,
	error    TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (webhook, id)
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, aside, id) WHERE state = 'waiting';

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
