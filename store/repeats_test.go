package store_test

import (
	"testing"
	"time"

	"palabre/signaling/api"
	"palabre/store"
	"palabre/store/storetest"
)

func TestAnswersAreGivenAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, now := t.Context(), time.Now()
		repeats := s.Repeats()
		begin := func(caller, digest string, at time.Time) *api.Answer {
			t.Helper()
			known, err := repeats.Begin(ctx, caller, "k", digest, at)
			if err != nil {
				t.Fatal(err)
			}
			return known
		}
		if known := begin("a", "1", now); known != nil {
			t.Errorf("a new key is known: %+v", known)
		}
		if known := begin("b", "1", now); known != nil {
			t.Errorf("another caller's key is known: %+v", known)
		}
		if known := begin("a", "1", now.Add(time.Second)); known == nil || known.Done {
			t.Errorf("while it is answered: %+v", known)
		}
		if err := repeats.Finish(ctx, "a", "k", api.Answer{Status: 201, Location: "/x", Body: []byte(`{"a":1}`)}); err != nil {
			t.Fatal(err)
		}
		if known := begin("a", "2", now.Add(time.Hour)); known == nil || !known.Done || known.Digest != "1" || known.Status != 201 || string(known.Body) != `{"a":1}` || known.Location != "/x" {
			t.Errorf("the answer is %+v", known)
		}
		if err := repeats.Forget(ctx, "a", "k"); err != nil {
			t.Fatal(err)
		}
		if begin("a", "1", now.Add(time.Hour)) == nil {
			t.Error("an answer that was given is let go of")
		}
		if known := begin("b", "1", now.Add(2*api.RepeatsLease)); known != nil {
			t.Errorf("a request that never ended blocks its key: %+v", known)
		}
		if err := repeats.Forget(ctx, "b", "k"); err != nil {
			t.Fatal(err)
		}
		if known := begin("b", "1", now); known != nil {
			t.Errorf("a key that was let go of is known: %+v", known)
		}
		if known := begin("a", "1", now.Add(api.RepeatsKept+2*time.Hour)); known != nil {
			t.Errorf("an answer is kept for ever: %+v", known)
		}
	})
}
