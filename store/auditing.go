package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"palabre/identity/audit"
	"palabre/rooms"
)

// auditedFamilies are the kinds of facts, by what stands before the first dot,
// that say what administrators and hosts do. All of a family goes to the audit
// log but what people do for themselves, in ordinaryFacts.
func auditedFamilies() []string {
	return []string{
		"room", "participant", "people", "lobby", "role", "link", "key", "token", "owner", "password",
		"webhook", "schedule", "template", "breakout", "breakouts", "recording",
	}
}

// ordinaryFacts are those of audited families that need no entry.
func ordinaryFacts() []string {
	return []string{"participant.joined", "participant.left", "participant.renamed", "participant.knocked"}
}

// auditedFacts are single kinds of other families: what is done to others there.
func auditedFacts() []string {
	return []string{"meeting.ended", "chat.deleted", "poll.deleted", "drawing.cleared"}
}

// auditable says whether a fact goes to the audit log.
func auditable(fact rooms.Fact) bool {
	kind := fact.Data.Kind()
	family, _, _ := strings.Cut(kind, ".")
	if slices.Contains(auditedFamilies(), family) {
		return !slices.Contains(ordinaryFacts(), kind)
	}
	// A meeting that ends because the last person goes is nobody's doing.
	return slices.Contains(auditedFacts(), kind) && fact.By != (rooms.Actor{})
}

// targeted is a fact about somebody or something other than its room.
type targeted interface {
	// Target is whose or what's id it is.
	Target() string
}

// audited writes a fact into the audit log, in the transaction of the fact.
func audited(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	if !auditable(fact) {
		return nil
	}
	detail, err := auditDetail(fact.Data)
	if err != nil {
		return err
	}
	r := audit.Record{
		ID: fact.ID, At: fact.At, Actor: auditActor(fact.By), Action: fact.Data.Kind(),
		Room: fact.Room, Meeting: fact.Meeting, Detail: detail,
	}
	if about, ok := fact.Data.(targeted); ok {
		r.Target = about.Target()
	}
	return appendAudit(ctx, tx, r)
}

// auditDetail is a fact's data without what is secret, and without the whole of
// a room or meeting, of which the fact says what changed.
func auditDetail(data rooms.FactData) (json.RawMessage, error) {
	if ended, is := data.(rooms.MeetingEnded); is {
		data = struct {
			rooms.FactData `json:"-"`
			People, Most   int
			Reason         rooms.Reason
		}{data, ended.People, ended.Most, ended.Reason}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("write down a fact for the audit log: %w", err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, fmt.Errorf("write down a fact for the audit log: %w", err)
	}
	if text, err = json.Marshal(withoutSecrets(value)); err != nil {
		return nil, fmt.Errorf("write down a fact for the audit log: %w", err)
	}
	return text, nil
}

// secretFields are names of fields that are never written into the audit log.
func secretFields() []string {
	return []string{"password", "secret", "secrets", "token", "hash", "credential", "text"}
}

// withoutSecrets takes fields out of decoded JSON that may hold secrets, and
// what people wrote to each other.
func withoutSecrets(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if slices.Contains(secretFields(), strings.ToLower(name)) {
				delete(v, name)
				continue
			}
			v[name] = withoutSecrets(inner)
		}
	case []any:
		for i := range v {
			v[i] = withoutSecrets(v[i])
		}
	}
	return value
}

// newID is a UUID of version 7 (RFC 9562), which sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
