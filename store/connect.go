package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// discreet makes connections to PostgreSQL whose failures tell nothing of the
// database's URL but the host. All errors of the store that say who connects
// begin here: it is the one place that cleans them, for the log and for the
// command line.
type discreet struct{ driver.Connector }

// Connect implements [driver.Connector].
func (d discreet) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := d.Connector.Connect(ctx)
	var failed *pgconn.ConnectError
	if errors.As(err, &failed) {
		return nil, &connectError{host: failed.Config.Host, cause: failed}
	}
	return conn, err
}

// connectError is a connection that failed. Its cause says as whom it was
// tried, and is there for errors.As alone.
type connectError struct {
	host  string
	cause *pgconn.ConnectError
}

// Error says where it was tried to connect to, and why that failed.
func (e *connectError) Error() string {
	return "connect to PostgreSQL at " + e.host + ": " + e.reason()
}

// Unwrap gives the cause.
func (e *connectError) Unwrap() error { return e.cause }

// reason is why, without the names PostgreSQL repeats in its messages. Where
// nobody answered there are none.
func (e *connectError) reason() string {
	var said *pgconn.PgError
	if errors.As(e.cause, &said) {
		return refusal(said.Code) + " (SQLSTATE " + said.Code + ")"
	}
	return strings.ReplaceAll(e.cause.Unwrap().Error(), "\n", "; ")
}

// refusal is an SQLSTATE (PostgreSQL manual, appendix A) in words.
func refusal(code string) string {
	switch code {
	case "28P01", "28000":
		return "it refuses the log-in: check the user and the password"
	case "3D000":
		return "it has no such database"
	case "57P03":
		return "it is starting or stopping"
	case "53300":
		return "it has no connection left"
	}
	return "it refuses the connection"
}
