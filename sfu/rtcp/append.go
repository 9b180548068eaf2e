package rtcp

import "encoding/binary"

func header(dst []byte, kind, count uint8, words int) []byte {
	dst = append(dst, 2<<6|count&0x1F, kind)
	return binary.BigEndian.AppendUint16(dst, uint16(words-1))
}

// AppendPLI asks for a key frame (RFC 4585 section 6.3.1).
func AppendPLI(dst []byte, sender, media uint32) []byte {
	dst = header(dst, Payload, formatPLI, 3)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	return binary.BigEndian.AppendUint32(dst, media)
}

// maxPairs bounds one NACK to what fits a datagram beside others.
const maxPairs = 64

// AppendNACK asks for lost packets, ascending (RFC 4585 section 6.2.1). What
// does not fit is left out: it is asked for the next time.
func AppendNACK(dst []byte, sender, media uint32, lost []uint16) []byte {
	if len(lost) == 0 {
		return dst
	}
	start := len(dst)
	dst = header(dst, Transport, formatNACK, 0)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	dst = binary.BigEndian.AppendUint32(dst, media)
	for pairs := 0; len(lost) > 0 && pairs < maxPairs; pairs++ {
		first, mask := lost[0], uint16(0)
		lost = lost[1:]
		for len(lost) > 0 && lost[0]-first-1 < 16 {
			mask |= 1 << (lost[0] - first - 1)
			lost = lost[1:]
		}
		dst = binary.BigEndian.AppendUint16(dst, first)
		dst = binary.BigEndian.AppendUint16(dst, mask)
	}
	binary.BigEndian.PutUint16(dst[start+2:], uint16((len(dst)-start)/4-1))
	return dst
}

// AppendSenderReport says at which instant ntp a stream has which timestamp.
func AppendSenderReport(dst []byte, s Sent, packets, octets uint32) []byte {
	dst = header(dst, SenderReport, 0, 7)
	dst = binary.BigEndian.AppendUint32(dst, s.SSRC)
	dst = binary.BigEndian.AppendUint64(dst, s.NTP)
	dst = binary.BigEndian.AppendUint32(dst, s.Timestamp)
	dst = binary.BigEndian.AppendUint32(dst, packets)
	return binary.BigEndian.AppendUint32(dst, octets)
}

// AppendCNAME names the clock of a stream (RFC 3550 section 6.5.1).
func AppendCNAME(dst []byte, ssrc uint32, name string) []byte {
	name = name[:min(len(name), 255)]
	words := 2 + (2+len(name)+1+3)/4
	start := len(dst)
	dst = header(dst, 202, 1, words)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = append(append(dst, 1, byte(len(name))), name...)
	for dst = append(dst, 0); (len(dst)-start)%4 != 0; {
		dst = append(dst, 0)
	}
	binary.BigEndian.PutUint16(dst[start+2:], uint16((len(dst)-start)/4-1))
	return dst
}

// Reception is a report block to send.
type Reception struct {
	Report
	// Highest is the extended highest sequence number received.
	Highest uint32
}

// AppendReceiverReport says how streams arrive; at most 31 fit.
func AppendReceiverReport(dst []byte, sender uint32, reports []Reception) []byte {
	reports = reports[:min(len(reports), 31)]
	dst = header(dst, ReceiverReport, uint8(len(reports)), 2+6*len(reports))
	dst = binary.BigEndian.AppendUint32(dst, sender)
	for _, r := range reports {
		dst = binary.BigEndian.AppendUint32(dst, r.SSRC)
		dst = binary.BigEndian.AppendUint32(dst, uint32(r.FractionLost)<<24|uint32(r.TotalLost)&0xFFFFFF)
		dst = binary.BigEndian.AppendUint32(dst, r.Highest)
		dst = binary.BigEndian.AppendUint32(dst, r.Jitter)
		dst = binary.BigEndian.AppendUint32(dst, r.LastSR)
		dst = binary.BigEndian.AppendUint32(dst, r.Delay)
	}
	return dst
}
