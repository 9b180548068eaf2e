//go:build amd64 || arm64

package udp

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	// nameSize is the size of the larger address, sockaddr_in6.
	nameSize = unix.SizeofSockaddrInet6
	// controlHeader is the size of struct cmsghdr: length, level, type.
	controlHeader = 16
	// segmentControl is the room of a control message with a 16-bit segment
	// size (UDP_SEGMENT), rounded up to 8 bytes.
	segmentControl = controlHeader + 8
	// coalesceControl is the room for what the kernel says of a message: the size
	// of its segments (UDP_GRO), one int, and the time (SO_TIMESTAMPNS), two of 64 bits.
	coalesceControl = controlHeader + 8 + controlHeader + 16
)

// putName writes the address of a destination as the socket's family wants it
// and returns its size; 0 when an IPv4 socket cannot reach it.
func putName(name *[nameSize]byte, to netip.AddrPort, six bool, scope uint32) uint32 {
	*name = [nameSize]byte{}
	address := to.Addr()
	binary.BigEndian.PutUint16(name[2:], to.Port())
	switch {
	case !address.IsValid():
		return 0
	case six:
		binary.NativeEndian.PutUint16(name[0:], unix.AF_INET6)
		bytes := address.As16() // an IPv4 address mapped into IPv6, as dual-stack sockets want it
		copy(name[8:], bytes[:])
		binary.NativeEndian.PutUint32(name[24:], scope)
		return unix.SizeofSockaddrInet6
	case address.Unmap().Is4():
		binary.NativeEndian.PutUint16(name[0:], unix.AF_INET)
		bytes := address.Unmap().As4()
		copy(name[4:], bytes[:])
		return unix.SizeofSockaddrInet4
	}
	return 0
}

// readName is the canonical address in name, without its zone, and the zone's number.
func readName(name *[nameSize]byte) (from netip.AddrPort, scope uint32) {
	port := binary.BigEndian.Uint16(name[2:])
	if binary.NativeEndian.Uint16(name[0:]) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), port), 0
	}
	address := netip.AddrFrom16([16]byte(name[8:24])).Unmap()
	return netip.AddrPortFrom(address, port), binary.NativeEndian.Uint32(name[24:])
}

// putSegment prepares a control message that asks for segments; setSegment
// then sets their size.
func putSegment(control *[segmentControl]byte) {
	binary.NativeEndian.PutUint64(control[0:], controlHeader+2)
	binary.NativeEndian.PutUint32(control[8:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(control[12:], unix.UDP_SEGMENT)
}

func setSegment(control *[segmentControl]byte, size int) {
	binary.NativeEndian.PutUint16(control[controlHeader:], uint16(size))
}

// readControl is what the kernel says of a message: the size of the segments it
// put together, 0 when it is one datagram, and when it came, in nanoseconds of
// the system's clock, 0 where that is not asked for.
func readControl(control []byte) (segment int, stamp int64) {
	for len(control) >= controlHeader+4 {
		size := binary.NativeEndian.Uint64(control)
		if size < controlHeader || size > uint64(len(control)) {
			break
		}
		level, kind := binary.NativeEndian.Uint32(control[8:]), binary.NativeEndian.Uint32(control[12:])
		data := control[controlHeader:size]
		switch {
		case level == unix.IPPROTO_UDP && kind == unix.UDP_GRO && len(data) >= 4:
			segment = int(binary.NativeEndian.Uint32(data))
		case level == unix.SOL_SOCKET && kind == unix.SO_TIMESTAMPNS && len(data) >= 16:
			stamp = int64(binary.NativeEndian.Uint64(data))*1e9 + int64(binary.NativeEndian.Uint64(data[8:]))
		}
		control = control[min(len(control), int(size+7)&^7):]
	}
	return segment, stamp
}
