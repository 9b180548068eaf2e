package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"reflect"
	"unsafe"
)

// Labels of session keys (RFC 3711 §4.3.2).
const (
	labelKey         = 0x00
	labelSalt        = 0x02
	labelControlKey  = 0x03 // of SRTCP
	labelControlSalt = 0x05
)

// session is AES-GCM under one session key, and the salt of its nonces.
type session struct {
	aead  cipher.AEAD
	state state
	salt8 uint64         // the first 8 bytes of the salt
	salt4 uint32         // the last 4
	nonce [saltSize]byte // kept here, for on the stack it would escape
}

// newSession derives the keys of a session from the master key, 16 bytes for
// AEAD_AES_128_GCM or 32 for AEAD_AES_256_GCM, and the master salt of 12 bytes.
func newSession(masterKey, masterSalt []byte, keyLabel, saltLabel byte) (session, error) {
	if len(masterKey) != 16 && len(masterKey) != 32 {
		return session{}, fmt.Errorf("seal: master key has %d bytes, AES-GCM needs 16 or 32", len(masterKey))
	}
	if len(masterSalt) != saltSize {
		return session{}, fmt.Errorf("seal: master salt has %d bytes, AES-GCM needs %d", len(masterSalt), saltSize)
	}
	key, err := derive(masterKey, masterSalt, keyLabel, len(masterKey))
	if err != nil {
		return session{}, err
	}
	salt, err := derive(masterKey, masterSalt, saltLabel, saltSize)
	if err != nil {
		return session{}, err
	}
	return sessionOf(key, salt)
}

// sessionOf takes keys that are derived already.
func sessionOf(key, salt []byte) (session, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return session{}, fmt.Errorf("seal: set up AES with the session key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return session{}, fmt.Errorf("seal: set up GCM: %w", err)
	}
	return session{aead: aead, state: stateOf(aead), salt8: binary.BigEndian.Uint64(salt), salt4: binary.BigEndian.Uint32(salt[8:])}, nil
}

// nonceOf is the nonce of a packet, good until the next one is asked for. Of SRTP it
// is two zero bytes, SSRC, rollover counter and sequence number, XOR the salt
// (RFC 7714 §8.1); of SRTCP the same with its index, which is shorter (§9.1).
func (s *session) nonceOf(ssrc uint32, index int64) []byte {
	binary.BigEndian.PutUint64(s.nonce[0:], s.salt8^(uint64(ssrc)<<16|uint64(index>>32)))
	binary.BigEndian.PutUint32(s.nonce[8:], s.salt4^uint32(index))
	return s.nonce[:]
}

// state is where an AES-GCM lies: it begins with the key schedule, and from tables
// on are those of GHASH. Between them is what deciphers, which GCM never does.
type state struct {
	at           unsafe.Pointer
	size, tables uintptr
}

// scheduleSize is what the schedule of the longest key takes, in bytes, with its size.
const scheduleSize = 15*aes.BlockSize + 8

// stateOf looks at what crypto/cipher made. It is only for what is fetched early:
// what another Go lays out differently costs time and nothing else.
func stateOf(aead cipher.AEAD) (s state) {
	v := reflect.ValueOf(aead)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return s
	}
	of := v.Type().Elem()
	s.at, s.size = v.UnsafePointer(), of.Size()
	s.tables = min(scheduleSize, s.size)
	if f, ok := of.FieldByName("nonceSize"); ok { // after the cipher
		s.tables = f.Offset
	}
	return s
}

// derive is AES in counter mode over the master salt with the label in it
// (RFC 3711 §4.3.3; RFC 6188 for 256 bits). The salt of 96 bits is padded on
// the right to the 112 that the function takes (RFC 7714 §11).
func derive(masterKey, masterSalt []byte, label byte, size int) ([]byte, error) {
	block, err := aes.NewCipher(masterKey)
	if err != nil {
		return nil, fmt.Errorf("seal: set up AES with the master key: %w", err)
	}
	var counter [aes.BlockSize]byte
	copy(counter[:], masterSalt)
	counter[7] ^= label
	out := make([]byte, 2*aes.BlockSize)
	for i := range 2 {
		binary.BigEndian.PutUint16(counter[14:], uint16(i))
		block.Encrypt(out[i*aes.BlockSize:], counter[:])
	}
	return out[:size], nil
}
