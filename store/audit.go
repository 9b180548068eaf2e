package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palabre/identity/audit"
	"palabre/rooms"
)

const (
	auditColumns = `seq, id, at, participant, identity, name, role, api_key, address, action, room, meeting, target, outcome, detail, prev, hash`
	// auditPage is how many entries are read at once where all are walked.
	auditPage = 500
)

// Audit writes something into the audit log that is no fact of a room: what
// administrators did, and what was refused them. An ID is made where there is
// none; the same ID is written once.
func (s *Store) Audit(ctx context.Context, r audit.Record) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return appendAudit(ctx, tx, r) })
}

// appendAudit writes into the audit log in the transaction of what it is about.
// Transactions that do so follow one another from here on.
func appendAudit(ctx context.Context, tx *sql.Tx, r audit.Record) error {
	if r.ID == "" {
		r.ID = newID()
	}
	if r.At.IsZero() {
		r.At = time.Now()
	}
	var seq int64
	var prev string
	// An update that changes nothing takes the row's lock in every database.
	err := tx.QueryRowContext(ctx, `UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, hash`).Scan(&seq, &prev)
	if err != nil {
		return fmt.Errorf("find the end of the audit log: %w", err)
	}
	var known int64
	err = tx.QueryRowContext(ctx, `SELECT seq FROM audit WHERE id = $1`, r.ID).Scan(&known)
	if err == nil {
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for an audit entry: %w", err)
	}
	e, err := audit.Chain(r, seq, prev)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO audit (`+auditColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		e.Seq, e.ID, micros(e.At), e.Actor.Participant, e.Actor.Identity, e.Actor.Name, e.Actor.Role, e.Actor.Key, e.Actor.Address,
		e.Action, e.Room, e.Meeting, e.Target, e.Outcome, string(e.Detail), e.Prev, e.Hash); err != nil {
		return fmt.Errorf("write an audit entry: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1`, e.Seq, e.Hash)
	return wrapped(err, "write the end of the audit log")
}

// AuditLog gives entries, newest first: those before an entry's number, or with
// 0 the newest. next is where to go on, 0 where there is no more.
func (s *Store) AuditLog(ctx context.Context, f audit.Filter, before int64, limit int) (entries []audit.Entry, next int64, err error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT `+auditColumns+` FROM audit
		WHERE (CAST($1 AS BIGINT) = 0 OR seq < $1) AND (CAST($2 AS TEXT) = '' OR room = $2) AND (CAST($3 AS TEXT) = '' OR action = $3)
			AND (CAST($4 AS TEXT) = '' OR outcome = $4)
			AND (CAST($5 AS TEXT) = '' OR identity = $5 OR participant = $5 OR api_key = $5)
			AND at >= $6 AND (CAST($7 AS BIGINT) = 0 OR at < $7)
		ORDER BY seq DESC LIMIT $8`,
		before, f.Room, f.Action, f.Outcome, f.Actor, micros(f.Since), micros(f.Until), limit+1)
	if err != nil {
		return nil, 0, s.explained(fmt.Errorf("read the audit log: %w", err))
	}
	entries, err = collect(rows, scanAudit)
	if err != nil {
		return nil, 0, s.explained(fmt.Errorf("read the audit log: %w", err))
	}
	if len(entries) > limit {
		entries = entries[:limit]
		next = entries[limit-1].Seq
	}
	return entries, next, nil
}

func scanAudit(row scanner) (audit.Entry, error) {
	var e audit.Entry
	var at int64
	var detail string
	err := row.Scan(&e.Seq, &e.ID, &at, &e.Actor.Participant, &e.Actor.Identity, &e.Actor.Name, &e.Actor.Role, &e.Actor.Key,
		&e.Actor.Address, &e.Action, &e.Room, &e.Meeting, &e.Target, &e.Outcome, &detail, &e.Prev, &e.Hash)
	e.At = instant(at)
	if detail != "" {
		e.Detail = json.RawMessage(detail)
	}
	return e, err
}

// EachAudit gives every entry, oldest first, as they all are at one moment, and
// then what the store holds to be the newest.
func (s *Store) EachAudit(ctx context.Context, each func(audit.Entry) error) (seq int64, hash string, err error) {
	var options *sql.TxOptions
	if !s.engine.sqlite() { // there every transaction sees one moment
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := s.read.BeginTx(ctx, options)
	if err != nil {
		return 0, "", s.explained(fmt.Errorf("read the audit log: %w", err))
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	after := int64(-1 << 62)
	for {
		rows, err := tx.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`, after, auditPage)
		if err != nil {
			return 0, "", s.explained(fmt.Errorf("read the audit log: %w", err))
		}
		entries, err := collect(rows, scanAudit)
		if err != nil {
			return 0, "", s.explained(fmt.Errorf("read the audit log: %w", err))
		}
		for _, e := range entries {
			if err := each(e); err != nil {
				return 0, "", err
			}
			after = e.Seq
		}
		if len(entries) < auditPage {
			break
		}
	}
	err = tx.QueryRowContext(ctx, `SELECT seq, hash FROM audit_head WHERE id = 1`).Scan(&seq, &hash)
	return seq, hash, s.explained(wrapped(err, "find the end of the audit log"))
}

// VerifyAudit walks the whole chain. Its error wraps the [audit.Broken] of the
// first entry that is not as it was written.
func (s *Store) VerifyAudit(ctx context.Context, v *audit.Verifier) error {
	seq, hash, err := s.EachAudit(ctx, v.Add)
	if err != nil {
		return err
	}
	if err := v.Head(seq, hash); err != nil {
		return err
	}
	return v.Finish()
}

// CutAudit removes entries from before a time, and says so in an entry with
// which what is left can still be verified. The newest entry stays.
func (s *Store) CutAudit(ctx context.Context, before time.Time) (count int64, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		count = 0
		var cut audit.CutDetail
		// Entries are in the order they were written, not quite in that of their times.
		err := tx.QueryRowContext(ctx, `
			SELECT seq, hash FROM audit
			WHERE seq < (SELECT COALESCE((SELECT MIN(seq) FROM audit WHERE at >= $1), (SELECT MAX(seq) FROM audit)))
			ORDER BY seq DESC LIMIT 1`, micros(before)).Scan(&cut.Through, &cut.Hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find old audit entries: %w", err)
		}
		if cut.Count, err = changed(tx.ExecContext(ctx, `DELETE FROM audit WHERE seq <= $1`, cut.Through)); err != nil {
			return fmt.Errorf("remove old audit entries: %w", err)
		}
		detail, err := json.Marshal(cut)
		if err != nil {
			return fmt.Errorf("write down what was cut off the audit log: %w", err)
		}
		count = cut.Count
		return appendAudit(ctx, tx, audit.Record{Action: audit.Cut, Detail: detail})
	})
	return count, err
}

// trimAudit cuts off what is older than the log goes back.
func (s *Store) trimAudit(ctx context.Context, now time.Time) error {
	if s.cfg.AuditRetention == 0 {
		return nil
	}
	_, err := s.CutAudit(ctx, now.Add(-s.cfg.AuditRetention))
	return wrapped(err, "cut off the audit log")
}

// auditActor is the actor of a fact in the audit log.
func auditActor(a rooms.Actor) audit.Actor {
	return audit.Actor{
		Participant: a.Participant, Identity: a.Identity, Name: a.Name, Role: string(a.Role), Key: a.Key, Address: a.Address,
	}
}
