package rooms

import "context"

// Ticket is a right to come in that is used up by it, such as a link for one
// visit. Nothing here knows what it is.
type Ticket interface {
	// Spend uses the ticket up; it does nothing more for the same ticket. An
	// error says that somebody else was faster, or that nobody can tell now: it
	// is an [Error], or one the edge has words for.
	Spend(ctx context.Context) error
}

// spend uses up the ticket of somebody who comes in, beside the room's goroutine.
func (s *Session) spend(ctx context.Context) error {
	var ticket Ticket
	err := s.command(ctx, func(_ *room, p *person) error {
		if p.place == atDoor {
			ticket = p.ticket
		}
		return nil
	})
	if err != nil || ticket == nil {
		return err
	}
	if err := ticket.Spend(ctx); err != nil {
		return err
	}
	return s.command(ctx, func(_ *room, p *person) error {
		p.ticket = nil
		return nil
	})
}
