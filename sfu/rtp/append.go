package rtp

import "encoding/binary"

// maxOneByteElement is the longest element the one-byte form can carry.
const maxOneByteElement = 16

// Outgoing is the header of one packet to write for one receiver.
type Outgoing struct {
	SSRC           uint32
	Timestamp      uint32
	SequenceNumber uint16
	PayloadType    uint8
	Marker         bool
	// Values are written when their extension was negotiated and they are Present.
	Values
	// MID, DependencyDescriptor and LayersAllocation are written when they are not empty.
	MID                  string
	DependencyDescriptor []byte
	LayersAllocation     []byte
}

// AppendHeader appends the header to dst, with all of o's extensions that have
// an id in ids. It allocates nothing when dst has room: 12 bytes, and usually up
// to 32 for extensions. The payload is to be appended after it.
func AppendHeader(dst []byte, ids *Extensions, o *Outgoing) []byte {
	start := len(dst)
	second := o.PayloadType & 0x7F
	if o.Marker {
		second |= 0x80
	}
	dst = append(dst, version<<6, second)
	dst = binary.BigEndian.AppendUint16(dst, o.SequenceNumber)
	dst = binary.BigEndian.AppendUint32(dst, o.Timestamp)
	dst = binary.BigEndian.AppendUint32(dst, o.SSRC)

	block := len(dst)
	var w writer
	w.dst, w.ids, w.wide = append(dst, 0, 0, 0, 0), ids, o.needsTwoBytes(ids)
	w.all(o)
	if len(w.dst) == block+4 { // nothing was negotiated: no block at all
		return w.dst[:block]
	}
	for (len(w.dst)-block)%4 != 0 {
		w.dst = append(w.dst, 0)
	}
	profile := uint16(oneByteProfile)
	if w.wide {
		profile = twoByteProfile
	}
	w.dst[start] |= 0x10
	binary.BigEndian.PutUint16(w.dst[block:], profile)
	binary.BigEndian.PutUint16(w.dst[block+2:], uint16((len(w.dst)-block-4)/4))
	return w.dst
}

// AppendPadding appends a packet that is only padding: it fills a sequence
// number so that the receiver stops asking for it, or probes the path. size is the
// padding in bytes, 1 to 255.
func AppendPadding(dst []byte, ids *Extensions, o *Outgoing, size uint8) []byte {
	start := len(dst)
	size = max(size, 1)
	dst = AppendHeader(dst, ids, o)
	dst[start] |= 0x20
	for range size - 1 {
		dst = append(dst, 0)
	}
	return append(dst, size)
}

func (o *Outgoing) needsTwoBytes(ids *Extensions) bool {
	return ids.wide || len(o.MID) > maxOneByteElement ||
		len(o.DependencyDescriptor) > maxOneByteElement || len(o.LayersAllocation) > maxOneByteElement
}

// writer appends extension elements in one of the two forms.
type writer struct {
	dst  []byte
	ids  *Extensions
	wide bool
}

// begin appends the head of an element of size bytes and says whether it was negotiated.
func (w *writer) begin(e Extension, size int) bool {
	id := w.ids.ids[e]
	if id == 0 || size == 0 || size > 255 {
		return false
	}
	if w.wide {
		w.dst = append(w.dst, id, byte(size))
	} else {
		w.dst = append(w.dst, id<<4|byte(size-1))
	}
	return true
}

func (w *writer) all(o *Outgoing) {
	if w.begin(MID, len(o.MID)) {
		w.dst = append(w.dst, o.MID...)
	}
	if o.Has(TransportSequence) && w.begin(TransportSequence, 2) {
		w.dst = binary.BigEndian.AppendUint16(w.dst, o.TransportSequence)
	}
	if o.Has(AbsSendTime) && w.begin(AbsSendTime, 3) {
		w.uint24(o.AbsSendTime)
	}
	if o.Present&^SetOf(TransportSequence, AbsSendTime) != 0 {
		w.rare(o)
	}
	if w.begin(DependencyDescriptor, len(o.DependencyDescriptor)) {
		w.dst = append(w.dst, o.DependencyDescriptor...)
	}
	if w.begin(LayersAllocation, len(o.LayersAllocation)) {
		w.dst = append(w.dst, o.LayersAllocation...)
	}
}

// rare appends what most packets do not carry.
func (w *writer) rare(o *Outgoing) {
	if o.Has(AudioLevel) && w.begin(AudioLevel, 1) {
		level := o.AudioLevel & 0x7F
		if o.Voice {
			level |= 0x80
		}
		w.dst = append(w.dst, level)
	}
	if o.Has(PlayoutDelay) && w.begin(PlayoutDelay, 3) {
		w.uint24(o.PlayoutDelay)
	}
	if o.Has(Orientation) && w.begin(Orientation, 1) {
		w.dst = append(w.dst, o.Orientation)
	}
	if o.Has(ContentType) && w.begin(ContentType, 1) {
		w.dst = append(w.dst, o.ContentType)
	}
	if o.Has(AbsCaptureTime) {
		w.captureTime(o)
	}
}

func (w *writer) captureTime(o *Outgoing) {
	size := 8
	if o.CaptureOffset != 0 {
		size = 16
	}
	if !w.begin(AbsCaptureTime, size) {
		return
	}
	w.dst = binary.BigEndian.AppendUint64(w.dst, o.AbsCaptureTime)
	if size == 16 {
		w.dst = binary.BigEndian.AppendUint64(w.dst, uint64(o.CaptureOffset))
	}
}

func (w *writer) uint24(v uint32) { w.dst = append(w.dst, byte(v>>16), byte(v>>8), byte(v)) }
