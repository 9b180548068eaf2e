package webhook

import (
	"context"
	"time"

	"palabre/rooms"
)

// State is where a delivery stands.
type State string

// The states.
const (
	Waiting State = "waiting"
	Sent    State = "sent"
	// Failed: tried for as long as [Schedule] says, or the subscription was disabled.
	Failed State = "failed"
)

// Delivery is one event for one subscription.
type Delivery struct {
	// ID is the header webhook-id: the same event has the same for every
	// subscription and every attempt. It sorts by time.
	ID           string
	Subscription string
	Type         string
	// Body is what is sent, byte for byte, each time.
	Body    []byte
	Created time.Time
	State   State
	// Due is when it is to be tried next, Attempts how often it was.
	Due      time.Time
	Attempts int
	// Aside lets what comes after it be sent before it.
	Aside bool
	// Last tells of the newest attempt.
	Last Attempt
}

// Attempt is how one try to deliver went.
type Attempt struct {
	At   time.Time
	Took time.Duration
	// Status is the answer's, 0 where none came.
	Status int
	// Error says in words why there was no answer, without what the receiver wrote.
	Error string
}

// Outbox is what the dispatcher asks of the store. Every method that changes a
// subscription's deliveries does so only while the lease is held.
type Outbox interface {
	// LeaseWebhooks lends subscriptions that have something due to holder until a
	// time; at most limit of them, those due longest first.
	LeaseWebhooks(ctx context.Context, holder string, now, until time.Time, limit int) ([]Subscription, error)
	// ExtendWebhook says whether holder still holds a subscription, and holds it until then.
	ExtendWebhook(ctx context.Context, holder, subscription string, now, until time.Time) (bool, error)
	// DueDelivery is the next delivery of a subscription that may be sent now.
	// None is [ErrNotFound].
	DueDelivery(ctx context.Context, subscription string, now time.Time) (Delivery, error)
	// SaveDelivery writes down what an attempt came to, and what it makes of the subscription.
	SaveDelivery(ctx context.Context, d Delivery, s Subscription) error
	// ReleaseWebhook gives a subscription back.
	ReleaseWebhook(ctx context.Context, holder, subscription string) error
	// TidyWebhooks deletes what nobody will ask for again: subscriptions that
	// expired, deliveries that are done beyond the newest [LogLength] of each subscription.
	TidyWebhooks(ctx context.Context, now time.Time) (Totals, error)
}

// LogLength is how many deliveries that are done can be looked up for each subscription.
const LogLength = 100

// Book is what those who manage subscriptions ask of the store.
type Book interface {
	// AddWebhook keeps a new subscription; beyond [MaxSubscriptions] it is [ErrTooMany].
	AddWebhook(ctx context.Context, s Subscription) error
	// Webhook gives one subscription; [ErrNotFound] where there is none.
	Webhook(ctx context.Context, id string) (Subscription, error)
	// Webhooks lists subscriptions, oldest first, after one; room "" lists those of every room.
	Webhooks(ctx context.Context, room, after string, limit int) ([]Subscription, error)
	// ChangeWebhook saves what may change: events, URL, secrets, expiry and whether it is disabled.
	ChangeWebhook(ctx context.Context, s Subscription) error
	DeleteWebhook(ctx context.Context, id string) error
	// Deliveries lists the deliveries of a subscription, newest first, before one.
	Deliveries(ctx context.Context, subscription, before string, limit int) ([]Delivery, error)
	// Deliver puts an event into the queue of one subscription, or a delivery
	// that is done back into it.
	Deliver(ctx context.Context, subscription string, e Event) error
	// Redeliver has a delivery tried at once and from the beginning: one that
	// waits in its place in the order, one that is done beside the others.
	Redeliver(ctx context.Context, subscription, delivery string, now time.Time) error
}

// Journal is where facts about subscriptions go, for the audit log.
type Journal interface {
	Keep(facts []rooms.Fact, kept func())
}

// Changed is the fact that somebody added, changed, deleted or switched off a
// subscription, or that the server did the last.
type Changed struct {
	// What is "added", "changed", "deleted", "disabled", "enabled", "rotated" or "tested".
	What string
	// Subscription is its id, Host the host of its address.
	Subscription, Host string
	// Why says why it is disabled.
	Why Why
}

// Kind names the fact.
func (Changed) Kind() string { return "webhook.changed" }
