// Package audit is the log of who did what to what, from where and when: an
// append-only chain in which every entry holds the hash of the one before it.
// Whoever changes, removes, adds or reorders entries afterwards breaks the
// chain where they did so, and [Verifier] says where.
//
// An entry's hash is SHA-256 over its fields, each written as its length in
// decimal, a colon, its bytes and a comma (so that no two entries have one
// form), in the order of [Entry]: seq and at in decimal, at as microseconds
// since 1970 UTC; detail as the JSON text it is stored as; prev last.
//
// Old entries may be cut off: an entry [Cut] then says up to which, with its
// hash, so that what is left can still be verified.
//
// The chain proves that nobody tampered with a part of it. Somebody who could
// write all of it anew could make up another one: who must exclude that notes
// the number and hash of the newest entry elsewhere from time to time, and
// gives it to the Verifier.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Outcomes of what somebody did.
const (
	Done    = "done"
	Refused = "refused"
)

// Cut is the action of the entry that says which older ones were cut off.
const Cut = "audit.cut"

// None is the hash before the first entry.
const None = "0000000000000000000000000000000000000000000000000000000000000000"

const (
	// maxText bounds each text of an entry, in bytes, maxDetail its detail.
	maxText   = 512
	maxDetail = 16 << 10
)

// Record is what happened, before it has its place in the chain.
type Record struct {
	// ID is unique: of what came as a fact, the fact's. The same one is written once.
	ID string `json:"id"`
	// At is when it happened, to the microsecond.
	At time.Time `json:"at"`
	// Actor is who did it; the zero value is the server itself.
	Actor Actor `json:"actor"`
	// Action names what was done, like "participant.removed".
	Action string `json:"action"`
	// Room and Meeting are where, if anywhere.
	Room    string `json:"room,omitempty"`
	Meeting string `json:"meeting,omitempty"`
	// Target is what it was done to, where that is not the room: a participant, a key, a link.
	Target string `json:"target,omitempty"`
	// Outcome is [Done] or [Refused]; empty is Done.
	Outcome string `json:"outcome"`
	// Detail is a JSON object of all else; nil has none. It must hold no secrets.
	Detail json.RawMessage `json:"detail,omitempty"`
}

// Actor is who did something.
type Actor struct {
	Participant string `json:"participant,omitempty"`
	Identity    string `json:"identity,omitempty"`
	Name        string `json:"name,omitempty"`
	Role        string `json:"role,omitempty"`
	// Key is the id of a program's API key.
	Key string `json:"key,omitempty"`
	// Address is the network they came from, shortened so that it names no single person.
	Address string `json:"address,omitempty"`
}

// Entry is a record in its place in the chain.
type Entry struct {
	// Seq counts from 1 without gaps.
	Seq int64 `json:"seq"`
	Record
	// Prev is the hash of the entry before, Hash that of this one; in hexadecimal.
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// Chain puts a record behind the entry with that number and hash.
func Chain(r Record, seq int64, prev string) (Entry, error) {
	e := Entry{Seq: seq + 1, Record: r, Prev: prev}
	e.At = r.At.UTC().Truncate(time.Microsecond)
	if e.Outcome == "" {
		e.Outcome = Done
	}
	for _, text := range e.texts() {
		*text = firstBytes(storable(*text), maxText)
	}
	var err error
	if e.Detail, err = plain(r.Detail); err != nil {
		return Entry{}, fmt.Errorf("write an audit entry: its detail is no JSON: %w", err)
	}
	e.Hash = e.sum()
	return e, nil
}

// texts are the fields that hold text, in the order they are hashed.
func (e *Entry) texts() []*string {
	return []*string{
		&e.ID, &e.Actor.Participant, &e.Actor.Identity, &e.Actor.Name, &e.Actor.Role, &e.Actor.Key, &e.Actor.Address,
		&e.Action, &e.Room, &e.Meeting, &e.Target, &e.Outcome,
	}
}

// sum is the hash of an entry.
func (e Entry) sum() string {
	h := sha256.New()
	field := func(text string) { fmt.Fprintf(h, "%d:%s,", len(text), text) }
	field(strconv.FormatInt(e.Seq, 10))
	field(strconv.FormatInt(e.At.UnixMicro(), 10))
	for _, text := range e.texts() {
		field(*text)
	}
	field(string(e.Detail))
	field(e.Prev)
	return hex.EncodeToString(h.Sum(nil))
}

// plain is a detail in the one form it is kept, exported and hashed in.
func plain(detail json.RawMessage) (json.RawMessage, error) {
	if len(detail) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, detail); err != nil {
		return nil, err
	}
	text := Visible(b.Bytes())
	if len(text) > maxDetail {
		return json.RawMessage(`{"omitted":true}`), nil
	}
	return text, nil
}

// storable is a text as every database and JSON can hold it.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// firstBytes cuts a text to so many bytes, between characters.
func firstBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := 0
	for i := range text {
		if i > most {
			break
		}
		end = i
	}
	return text[:end]
}

// Filter narrows the audit log; zero values ask for all.
type Filter struct {
	Room, Action, Outcome string
	// Actor is an identity, a participant id or the id of an API key.
	Actor string
	// Since and Until bound when it happened.
	Since, Until time.Time
}
