package rooms

import "context"

// Voucher is a right to come in that is used up by it, such as a link for one
// visit. Nothing here knows what it is.
type Voucher interface {
	// Spend uses the voucher up; it does nothing more for the same voucher. An
	// error says that somebody else was faster, or that nobody can tell now: it
	// is an [Error], or one the edge has words for.
	Spend(ctx context.Context) error
}

// spend uses up the voucher of somebody who comes in, beside the room's goroutine.
func (s *Session) spend(ctx context.Context) error {
	var voucher Voucher
	err := s.command(ctx, func(_ *room, p *person) error {
		if p.place == atDoor {
			voucher = p.voucher
		}
		return nil
	})
	if err != nil || voucher == nil {
		return err
	}
	if err := voucher.Spend(ctx); err != nil {
		return err
	}
	return s.command(ctx, func(_ *room, p *person) error {
		p.voucher = nil
		return nil
	})
}
