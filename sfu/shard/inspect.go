package shard

import (
	"errors"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
	"palabre/sfu/red"
)

// inspect finds what the packet is of its frame: from its dependency
// descriptor where it has one, else from its payload. An error says that it is
// not what its codec or its descriptor should be.
func (l *Layer) inspect(pkt *cache.Packet) (err error) {
	pkt.Frame, pkt.Structure, pkt.Active = codec.Frame{}, nil, 0
	if pkt.Header.PayloadSize() == 0 {
		return nil
	}
	kind := codec.Codec(l.kind.Load())
	if kind == codec.RED {
		var blocks [red.MaxBlocks]red.Block
		if _, err = red.Read(pkt.Payload(), l.codec.Load().Blocks, &blocks); err != nil {
			return err
		}
	}
	raw := pkt.Header.DependencyDescriptor(pkt.Bytes())
	if len(raw) == 0 {
		pkt.Frame, err = codec.Inspect(kind, pkt.Payload())
		return err
	}
	var d descriptor.Descriptor
	err = l.descriptors.Read(raw, &d)
	switch {
	case errors.Is(err, descriptor.ErrUnknown):
		// The packet that brings the structure is late or lost. Until it comes the
		// payload has to say which layer this is, and nobody can begin here.
		if pkt.Frame, err = codec.Inspect(kind, pkt.Payload()); err != nil {
			pkt.Frame = codec.Frame{}
		}
		pkt.Frame.KeyFrame = false
	case err != nil:
		return err
	}
	if err = codec.Counters(kind, pkt.Payload(), &pkt.Frame); err != nil {
		return err
	}
	d.Describe(&pkt.Frame)
	pkt.Structure, pkt.Active = d.Structure, d.Active
	if f := &pkt.Frame; f.SwitchPoint() && f.Width == 0 {
		if read, err := codec.Inspect(kind, pkt.Payload()); err == nil {
			f.Width, f.Height = read.Width, read.Height
		}
	}
	return nil
}
