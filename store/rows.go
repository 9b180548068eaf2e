package store

import (
	"database/sql"
	"errors"
	"fmt"
)

// scanner is one row of an answer: *sql.Row or *sql.Rows.
type scanner interface{ Scan(into ...any) error }

// collect reads all rows of an answer and closes it.
func collect[T any](rows *sql.Rows, read func(scanner) (T, error)) ([]T, error) {
	var list []T
	for rows.Next() {
		item, err := read(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, item)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// changed counts the rows a statement changed.
func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// wrapped says what was being done when something went wrong.
func wrapped(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
