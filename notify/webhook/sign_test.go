package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The vector of the specification.
func TestSignatureVector(t *testing.T) {
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	got, err := Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil || got != want {
		t.Errorf("signed %q (%v), want %q", got, err, want)
	}
}

// What we sign while a secret is replaced is taken by the reference library with either secret.
func TestReferenceLibraryTakesBothSecrets(t *testing.T) {
	now, body := time.Now(), []byte(`{"type":"webhook.test"}`)
	fresh, old := NewSecret(), NewSecret()
	signature, err := Sign("msg_1", now, body, fresh, old)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	header.Set(HeaderID, "msg_1")
	header.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(HeaderSignature, signature)
	for _, secret := range []string{fresh, old} {
		verifier, err := standard.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(body, header); err != nil {
			t.Errorf("the reference library refuses our signature: %v", err)
		}
	}
	other, err := standard.NewWebhook(NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	if other.Verify(body, header) == nil {
		t.Error("another secret verifies as well")
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	for _, secret := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%", "whsec_c2hvcnQ="} {
		if _, err := Sign("msg_1", time.Now(), nil, secret); err == nil {
			t.Errorf("%q signs", secret)
		} else if strings.Contains(err.Error(), "MfKQ9r8") {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

func TestTheOldSecretSignsForADay(t *testing.T) {
	rotated := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := Subscription{Secrets: []string{"new", "old", "older"}, Rotated: rotated}
	if got := s.signing(rotated.Add(RotateFor)); len(got) != 2 || got[0] != "new" || got[1] != "old" {
		t.Errorf("right after a rotation %v sign", got)
	}
	if got := s.signing(rotated.Add(RotateFor + time.Second)); len(got) != 1 || got[0] != "new" {
		t.Errorf("a day after a rotation %v sign", got)
	}
}
