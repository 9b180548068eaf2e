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
		"room", "participant", "lobby", "role", "link", "key",
		"webhook", "mail", "appointment", "template", "breakout", "recording",
	}
}

// ordinaryFacts are those of audited families that need no entry.
func ordinaryFacts() []string {
	return []string{"participant.joined", "participant.left", "lobby.knocked", "breakout.help"}
}

// auditedFacts are single kinds of other families: what is done to others there.
func auditedFacts() []string {
	return []string{"meeting.ended", "chat.deleted", "whisper.deleted", "poll.deleted", "drawing.allowed", "drawing.cleared"}
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

// audited writes a fact into the audit log, in the transaction of the fact.
func audited(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	if !auditable(fact) {
		return nil
	}
	detail, target, err := auditDetail(fact.Data)
	if err != nil {
		return err
	}
	return appendAudit(ctx, tx, audit.Record{
		ID: fact.ID, At: fact.At, Actor: auditActor(fact.By), Action: fact.Data.Kind(),
		Room: fact.Room, Meeting: fact.Meeting, Target: target, Detail: detail,
	})
}

// auditDetail is a fact's data without what is secret, and to whom it was done
// where that is one person.
func auditDetail(data rooms.FactData) (detail json.RawMessage, target string, err error) {
	var whole any = data
	if ended, is := data.(rooms.MeetingEnded); is { // its state is in the table of meetings
		whole = map[string]any{"people": ended.People, "most": ended.Most, "reason": ended.Reason}
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return nil, "", fmt.Errorf("write down a fact for the audit log: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, "", fmt.Errorf("write down a fact for the audit log: %w", err)
	}
	if detail, err = json.Marshal(withoutSecrets(fields)); err != nil {
		return nil, "", fmt.Errorf("write down a fact for the audit log: %w", err)
	}
	return detail, whom(fields), nil
}

// whom is the identity, or else the participant id, of the one person a fact
// says something was done to.
func whom(fields map[string]any) string {
	found := fields["Whom"]
	if list, is := found.([]any); is && len(list) == 1 {
		found = list[0]
	}
	one, _ := found.(map[string]any)
	for _, name := range []string{"identity", "participant"} {
		if id, is := one[name].(string); is {
			return id
		}
	}
	return ""
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
