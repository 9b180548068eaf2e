package seal

import (
	"crypto/aes"
	"encoding/binary"
	"fmt"
)

// Labels of session keys (RFC 3711 §4.3.2).
const (
	labelKey  = 0x00
	labelSalt = 0x02
)

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
