package transport

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/elliptic"
	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/dtls/v3/pkg/protocol/recordlayer"
)

// sieve keeps forged datagrams from DTLS. Whoever writes a client's address on
// their datagrams gets past the check of addresses, and one bad word in the
// clear ends a handshake: a ClientHello without a cipher of ours, an alert, a
// record number far ahead of the client's. So what is handed on is
//
//   - of a handshake, the four messages a client sends in the clear, whole and
//     in their places: a ClientHello we can answer, the certificate that the
//     offer promised, a key, a signature. The first of each is the one that counts;
//     it may come again, but not differently;
//   - once those are there, the change to encryption and what is encrypted:
//     nobody can forge that;
//   - once the handshake is over, only what is encrypted, and once the client is
//     known to have finished it, no message of a handshake.
//
// Alerts in the clear are ignored (RFC 6347 section 4.1.2.7 leaves that open): a client
// that gives up says so by falling silent. Records in the clear get numbers of
// our own, as the window against replays would follow a forged one.
//
// Somebody who sees the client's datagrams can forge a ClientHello that passes;
// they can also drop the true one.
//
// A sieve is for one goroutine at a time. The zero value with known set is ready.
type sieve struct {
	// known says whether a certificate is the one the offer promised.
	known func(certificate []byte) bool

	out    []byte
	number uint64 // of the next record in the clear
	closed bool   // for handshakes: see park
	passed [len(flight)][]byte
	pieces [piecesKept]piece
	next   int // the piece to be replaced
}

// flight is what a client sends in the clear, each at its message_seq (RFC 6347 section 4.2.4).
var flight = [...]handshake.Type{
	handshake.TypeClientHello, handshake.TypeCertificate, handshake.TypeClientKeyExchange, handshake.TypeCertificateVerify,
}

const (
	// maxMessage bounds a handshake message, in bytes: a ClientHello with a
	// post-quantum key has 1.8 kB, a self-signed certificate up to 1.5 kB.
	maxMessage = 3000
	// maxSifted bounds what is handed on at once: DTLS reads no more.
	maxSifted = 8192
	// piecesKept is how many fragments wait for the rest of their message: an
	// honest client has two or three, the others are for those who forge some.
	piecesKept = 16
	// maxSteps bounds the search for those that belong together.
	maxSteps = 200
	// sealing is what AES-GCM adds to a record: an explicit nonce and a tag (RFC 5288 section 3).
	sealing = 8 + 16
)

// sift gives the records of a datagram that may be handed on to DTLS, in one
// datagram that is valid until the next call, and how many records it kept back.
// finished says that the handshake is over.
func (s *sieve) sift(b []byte, finished bool) (clean []byte, kept int) {
	s.out = s.out[:0]
	if finished && s.passed[0] != nil {
		*s = sieve{known: s.known, out: s.out[:0:0]} // the handshake's memory is not needed any more
	}
	records, err := recordlayer.UnpackDatagram(b)
	if err != nil {
		return nil, 1
	}
	for _, r := range records {
		if !s.record(r, finished) {
			kept++
		}
	}
	return s.out, kept
}

// park gives back what the handshake needed, which the client has done with: no
// message of one is handed on any more.
func (s *sieve) park() { *s = sieve{known: s.known, closed: true} }

func (s *sieve) record(r []byte, finished bool) bool {
	var h recordlayer.Header
	if h.Unmarshal(r) != nil {
		return false
	}
	content := r[recordlayer.FixedHeaderSize:]
	ready := finished || s.passed[len(flight)-1] != nil
	switch {
	case h.Epoch == 1:
		protected := h.ContentType == protocol.ContentTypeAlert || h.ContentType == protocol.ContentTypeHandshake || h.ContentType == protocol.ContentTypeApplicationData
		if !ready || !protected || s.closed && h.ContentType == protocol.ContentTypeHandshake || len(content) <= sealing || len(s.out)+len(r) > maxSifted {
			return false
		}
		s.out = append(s.out, r...)
		return true
	case h.Epoch != 0 || finished:
		return false
	case h.ContentType == protocol.ContentTypeChangeCipherSpec:
		return ready && bytes.Equal(content, []byte{1}) && s.emit(h.ContentType, content)
	}
	return h.ContentType == protocol.ContentTypeHandshake && s.messages(content)
}

// messages takes the handshake messages of a record, or their fragments.
func (s *sieve) messages(b []byte) bool {
	for len(b) > 0 {
		var h handshake.Header
		if h.Unmarshal(b) != nil {
			return false
		}
		b = b[handshake.HeaderLength:]
		at := int(h.MessageSequence)
		if int(h.FragmentLength) > len(b) || at >= len(flight) || flight[at] != h.Type || at > 0 && s.passed[0] == nil ||
			h.Length == 0 || h.FragmentLength == 0 || h.Length > maxMessage || h.FragmentOffset+h.FragmentLength > h.Length {
			return false
		}
		fragment := b[:h.FragmentLength]
		b = b[h.FragmentLength:]
		if !s.gather(h, fragment) {
			return false
		}
	}
	return true
}

// message hands a whole message on.
func (s *sieve) message(h handshake.Header, body []byte) bool {
	switch first := &s.passed[h.MessageSequence]; {
	case *first == nil && !s.plausible(h.Type, body), *first != nil && !bytes.Equal(*first, body):
		return false
	case *first == nil:
		*first = slices.Clone(body)
	}
	h.FragmentOffset, h.FragmentLength = 0, h.Length
	head, err := h.Marshal()
	return err == nil && s.emit(protocol.ContentTypeHandshake, append(head, body...))
}

// emit appends a record in the clear, numbered by us, to what is handed on.
func (s *sieve) emit(kind protocol.ContentType, content []byte) bool {
	if len(s.out)+recordlayer.FixedHeaderSize+len(content) > maxSifted {
		return false
	}
	s.out = append(s.out, byte(kind), protocol.Version1_2.Major, protocol.Version1_2.Minor)
	s.out = binary.BigEndian.AppendUint64(s.out, s.number) // epoch 0 and 48 bits of number
	s.out = binary.BigEndian.AppendUint16(s.out, uint16(len(content)))
	s.out = append(s.out, content...)
	s.number++
	return true
}

// plausible says whether a message of the client's could be what it should be.
func (s *sieve) plausible(kind handshake.Type, body []byte) bool {
	switch kind {
	case handshake.TypeClientHello:
		return answerable(body)
	case handshake.TypeCertificate: // a list of them, with its length and each with its own
		if len(body) < 6 {
			return false
		}
		size := int(body[3])<<16 | int(body[4])<<8 | int(body[5])
		return size <= len(body)-6 && s.known(body[6:6+size])
	case handshake.TypeClientKeyExchange: // a point on a curve
		return int(body[0]) == len(body)-1 && len(body) > 32
	}
	// An algorithm and a signature.
	return len(body) > 4 && int(binary.BigEndian.Uint16(body[2:])) == len(body)-4
}

// answerable says whether our DTLS finds in a ClientHello what it insists on.
func answerable(body []byte) bool {
	var hello handshake.MessageClientHello
	if hello.Unmarshal(body) != nil || !hello.Version.Equal(protocol.Version1_2) || len(hello.Cookie) > 0 ||
		!slices.Contains(hello.CipherSuiteIDs, uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)) {
		return false
	}
	var srtp, master bool
	curve := true // who names none takes any
	for _, e := range hello.Extensions {
		switch e := e.(type) {
		case *extension.UseSRTP:
			srtp = slices.ContainsFunc(profiles(), func(p dtls.SRTPProtectionProfile) bool { return slices.Contains(e.ProtectionProfiles, p) })
		case *extension.UseExtendedMasterSecret:
			master = true
		case *extension.SupportedEllipticCurves:
			curve = slices.ContainsFunc(e.EllipticCurves, func(c elliptic.Curve) bool {
				return c == elliptic.X25519 || c == elliptic.P256 || c == elliptic.P384
			})
		}
	}
	return srtp && master && curve
}

// piece is a fragment of a message that is not whole yet.
type piece struct {
	handshake.Header
	data []byte
}

// follows says whether a piece is the next of the message h is of.
func (p *piece) follows(h handshake.Header, at int) bool {
	return p.data != nil && p.Type == h.Type && p.MessageSequence == h.MessageSequence && p.Length == h.Length && int(p.FragmentOffset) == at
}

// gather takes a fragment, or a message in one piece.
func (s *sieve) gather(h handshake.Header, fragment []byte) bool {
	if h.FragmentLength == h.Length {
		return s.message(h, fragment)
	}
	if first := s.passed[h.MessageSequence]; first != nil { // a repetition, which counts once
		from, to := h.FragmentOffset, h.FragmentOffset+h.FragmentLength
		return len(first) == int(h.Length) && bytes.Equal(first[from:to], fragment) && (to < h.Length || s.message(h, first))
	}
	known := slices.ContainsFunc(s.pieces[:], func(p piece) bool {
		return p.follows(h, int(h.FragmentOffset)) && bytes.Equal(p.data, fragment)
	})
	if !known {
		s.pieces[s.next] = piece{h, slices.Clone(fragment)}
		s.next = (s.next + 1) % piecesKept
	}
	steps := maxSteps
	s.join(h, nil, &steps)
	return true
}

// join tries the ways in which the pieces make a whole message: of two that
// claim one place, one is forged. It hands the first plausible one on.
func (s *sieve) join(h handshake.Header, got []byte, steps *int) bool {
	if len(got) == int(h.Length) {
		return s.message(h, got)
	}
	for i := range s.pieces {
		p := &s.pieces[i]
		if !p.follows(h, len(got)) {
			continue
		}
		if *steps--; *steps < 0 {
			return false
		}
		if s.join(h, append(slices.Clone(got), p.data...), steps) {
			return true
		}
	}
	return false
}
