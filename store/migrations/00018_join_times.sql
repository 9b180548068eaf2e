-- +goose Up
ALTER TABLE stays ADD COLUMN took BIGINT NOT NULL DEFAULT 0; -- microseconds until media stood; 0: it never did
CREATE INDEX stays_joined ON stays (joined);

-- +goose Down
DROP INDEX stays_joined;
ALTER TABLE stays DROP COLUMN took;
