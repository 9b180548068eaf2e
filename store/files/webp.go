package files

import "encoding/binary"

// webp reads the size of a picture from the header of a WebP file (RFC 9649
// sections 2.4 to 2.7); 0 where it is none.
func webp(head []byte) (width, height int) {
	if len(head) < 30 || string(head[:4]) != "RIFF" || string(head[8:12]) != "WEBP" {
		return 0, 0
	}
	chunk, data := string(head[12:16]), head[20:]
	switch chunk {
	case "VP8 ": // a key frame's start code, then 14 bits each (RFC 6386 section 9.1)
		if data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
			return 0, 0
		}
		return int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff)
	case "VP8L": // a signature byte, then 14 bits each, one less than the size
		if data[0] != 0x2f {
			return 0, 0
		}
		bits := binary.LittleEndian.Uint32(data[1:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1
	case "VP8X": // flags, then 24 bits each, one less than the canvas
		return int(data[4]) | int(data[5])<<8 | int(data[6])<<16 + 1, int(data[7]) | int(data[8])<<8 | int(data[9])<<16 + 1
	}
	return 0, 0
}
