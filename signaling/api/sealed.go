package api

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// sealed is an answer that holds a secret as it is remembered: nobody opens it
// without what the caller showed, which is kept nowhere. The text is base64.
func (c *Call) sealed(body []byte) ([]byte, error) {
	lock, err := c.lock()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, lock.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("asking for random bytes to seal an answer: %w", err)
	}
	whole := lock.Seal(nonce, nonce, body, []byte(c.digest()))
	return base64.StdEncoding.AppendEncode(nil, whole), nil
}

// unsealed undoes sealed for the same request of the same caller.
func (c *Call) unsealed(text []byte) ([]byte, error) {
	lock, err := c.lock()
	if err != nil {
		return nil, err
	}
	whole, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(whole) < lock.NonceSize() {
		return nil, errors.Join(errors.New("a remembered answer is damaged"), err)
	}
	body, err := lock.Open(nil, whole[:lock.NonceSize()], whole[lock.NonceSize():], []byte(c.digest()))
	if err != nil {
		return nil, fmt.Errorf("opening a remembered answer: %w", err)
	}
	return body, nil
}

// lock is AES-GCM under a key made of the caller's own secret.
func (c *Call) lock() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, []byte(bearer(c.http.Request)))
	_, _ = mac.Write([]byte("palabre answers to repeated requests"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("sealing an answer: %w", err)
	}
	return cipher.NewGCM(block)
}
