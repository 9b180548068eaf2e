-- +goose Up
CREATE TABLE appointments (
	id       TEXT PRIMARY KEY,
	room     TEXT NOT NULL,
	content  TEXT NOT NULL,   -- JSON of calendar.Appointment
	sequence BIGINT NOT NULL,
	is_off   BOOLEAN NOT NULL DEFAULT FALSE,
	created  BIGINT NOT NULL,
	changed  BIGINT NOT NULL
);
CREATE INDEX appointments_room ON appointments (room, id);

CREATE TABLE templates (
	name     TEXT PRIMARY KEY,
	settings TEXT NOT NULL,   -- JSON of rooms.Settings
	created  BIGINT NOT NULL,
	changed  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE templates;
DROP TABLE appointments;
