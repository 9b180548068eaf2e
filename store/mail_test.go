package store_test

import (
	"errors"
	"testing"
	"time"

	"palabre/notify/mail"
	"palabre/store"
	"palabre/store/storetest"
)

func TestDeadMailIsListedTriedAgainAndDeleted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		now := time.Now().UTC().Truncate(time.Microsecond)
		one, two := mail.Message{ID: "1", Kind: "invitation", To: "ana@example.org"}, mail.Message{ID: "2", Kind: "update", To: "ben@example.org"}
		if err := s.QueueMail(t.Context(), now, one, two); err != nil {
			t.Fatal(err)
		}
		if err := s.MailFailed(t.Context(), mail.Queued{Message: one, State: mail.Dead, Due: now, Attempts: 4, Error: "no"}); err != nil {
			t.Fatal(err)
		}
		dead, err := s.Mail(t.Context(), mail.Dead, "", 10)
		if err != nil || len(dead) != 1 || dead[0].Attempts != 4 || !dead[0].Due.Equal(now) {
			t.Fatalf("dead are %+v (%v)", dead, err)
		}
		later := now.Add(time.Hour)
		again, err := s.RetryMail(t.Context(), "1", later)
		if err != nil || again.State != mail.Waiting || again.Attempts != 0 || !again.Due.Equal(later) || again.To != one.To {
			t.Errorf("tried again: %+v (%v)", again, err)
		}
		if gone, err := s.DeleteMail(t.Context(), "2"); err != nil || gone.Kind != "update" {
			t.Errorf("deleted: %+v (%v)", gone, err)
		}
		for what, err := range map[string]error{
			"deleting": second(s.DeleteMail(t.Context(), "2")), "trying again": second(s.RetryMail(t.Context(), "2", later)),
		} {
			if !errors.Is(err, mail.ErrNotFound) {
				t.Errorf("%s what is gone: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
