// Package webhook tells programs elsewhere what happens in the rooms, as
// Standard Webhooks (https://www.standardwebhooks.com, specification 1.0).
//
// A subscription names an address and the events it wants. The store writes a
// delivery for each subscription that matches a fact in the transaction that
// remembers the fact, so that nothing is told that did not happen and nothing
// that happened is forgotten by a restart. One [Dispatcher] in each server
// takes what is due:
//
//   - Each subscription is lent to one server at a time, which sends its
//     deliveries one after the other in the order of the facts. A receiver that
//     is ill (no answer, 5xx, 408, 425, 429, a redirect) holds up its own queue
//     and nobody else's. A delivery that the receiver refuses (another 4xx)
//     steps aside: what comes after it goes on, and it is tried again by itself.
//   - A delivery may come twice, as after a crash between the answer and the
//     note of it: the header webhook-id is the same each time.
//   - At most [MaxBacklog] deliveries wait for one subscription. What happens
//     while it is full is dropped for that subscription, and counted on it.
package webhook
