package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"palabre/identity"
	"palabre/identity/audit"
	"palabre/rooms"
)

// AuditLog is who did what. The store implements it.
type AuditLog interface {
	// AuditLog gives entries, newest first, before the number a page ended with.
	AuditLog(ctx context.Context, f audit.Filter, before int64, limit int) (entries []audit.Entry, next int64, err error)
	// Audit writes what is no fact of a room.
	Audit(ctx context.Context, r audit.Record) error
}

func (a *API) auditRoutes() []Route {
	return []Route{{Method: http.MethodGet, Path: "/audit", Scope: identity.AuditRead, Server: true, Do: a.listAudit}}
}

// listAudit gives the audit log, newest first, as it is exported: with the
// hashes by which it can be verified.
func (a *API) listAudit(c *Call) (Reply, error) {
	if a.cfg.Audit == nil {
		return Reply{}, errNoStore
	}
	page, err := c.Page()
	if err != nil {
		return Reply{}, err
	}
	before := int64(0)
	if page.After != "" {
		if before, err = strconv.ParseInt(page.After, 10, 64); err != nil || before < 1 {
			return Reply{}, refuse(rooms.CodeBadMessage, "This cursor is none of ours.")
		}
	}
	filter := audit.Filter{Room: c.Query("room"), Action: c.Query("action"), Outcome: c.Query("outcome"), Actor: c.Query("actor")}
	if filter.Since, err = c.instant("since"); err != nil {
		return Reply{}, err
	}
	if filter.Until, err = c.instant("until"); err != nil {
		return Reply{}, err
	}
	entries, next, err := a.cfg.Audit.AuditLog(c.Context(), filter, before, page.Limit)
	if err != nil {
		return Reply{}, err
	}
	cursor := ""
	if next > 0 {
		cursor = strconv.FormatInt(next, 10)
	}
	return list(entries, cursor)
}

// instant reads a time from the query; zero where it is missing.
func (c *Call) instant(name string) (time.Time, error) {
	text := c.Query(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, refuse(rooms.CodeBadMessage, name+" is a time like 2026-03-01T09:00:00Z.")
	}
	return at, nil
}

// refused writes into the audit log that somebody was not let do something.
// What is asked without anything to show is not: strangers could fill the log.
func (c *Call) refused(err error) {
	log := c.api.cfg.Audit
	if log == nil || bearer(c.http.Request) == "" {
		return
	}
	why := rooms.CodeOf(err)
	switch {
	case errors.Is(err, identity.ErrKey), errors.Is(err, identity.ErrToken):
		why = rooms.CodeUnauthorized
	case why == rooms.CodeForbidden, why == rooms.CodeUnauthorized:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), auditPatience)
	defer cancel()
	record := audit.Record{
		Actor: audit.Actor{
			Identity: c.By.Identity, Name: c.By.Name, Role: string(c.By.Role), Key: c.By.Key, Address: c.By.Address,
		},
		Action: "api.refused", Room: c.Room, Target: c.route.Method + " " + c.route.Path, Outcome: audit.Refused,
		Detail: []byte(`{"code":"` + string(why) + `"}`),
	}
	if failed := log.Audit(ctx, record); failed != nil {
		c.api.cfg.Logger.Warn("a refusal could not be written into the audit log", "error", failed)
	}
}

// auditPatience is how long a refusal waits for its entry.
const auditPatience = 2 * time.Second
