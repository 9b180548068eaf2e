package rewrite

import (
	"palabre/sfu/cache"
	"palabre/sfu/codec"
)

const pictureMask = 0x7FFF // a picture id has 15 bits

// pictures keeps picture ids and TL0PICIDX continuous. Ids that come in are
// unwrapped, because some senders use 7 bits and others 15.
type pictures struct {
	in       int64  // highest picture id in, unwrapped
	shift    uint16 // what to add to an id in to get the one out
	out      uint16 // highest picture id out
	tl0Shift uint8
	tl0      uint8 // last out
	wasDrop  bool  // the picture at in was dropped
	known    bool  // in is true: the current origin counts its pictures
}

func newPictures(first uint16, tl0 uint8) pictures {
	return pictures{out: first - 1, tl0: tl0 - 1}
}

// anchor continues the numbers with the picture of p, the first of a new origin.
func (c *pictures) anchor(p *cache.Packet) {
	f := &p.Frame
	c.known, c.wasDrop = f.HasPictureID, false
	if f.HasPictureID {
		c.in = int64(f.PictureID)
		c.shift = c.out + 1 - f.PictureID
	}
	if f.HasTL0 {
		c.tl0Shift = c.tl0 + 1 - f.TL0
	}
}

// unwrap gives the picture id nearest to the highest.
func (c *pictures) unwrap(f *codec.Frame) int64 {
	unused := 64 - uint(f.PictureBits)
	return c.in + (int64(f.PictureID)-c.in)<<unused>>unused
}

// next gives the numbers of a packet in order.
func (c *pictures) next(p *cache.Packet) (picture uint16, tl0 uint8) {
	if f := &p.Frame; f.HasPictureID {
		if !c.known { // the origin began to count in the middle
			c.anchor(p)
		}
		if id := c.unwrap(f); id > c.in {
			c.in, c.wasDrop = id, false
		}
	}
	return c.numbers(p, c.shift)
}

// late gives the numbers of a packet that was missing; shift is what held
// when its place was reserved.
func (c *pictures) late(p *cache.Packet, shift uint16) (picture uint16, tl0 uint8) {
	f := &p.Frame
	if f.HasPictureID && !c.known {
		return 0, 0 // it was sent before the origin began to count
	}
	if f.HasPictureID {
		if id := c.unwrap(f); id > c.in { // only padding came in its place
			c.in, c.wasDrop = id, false
		}
	}
	return c.numbers(p, shift)
}

// numbers gives the numbers out, and notes the highest.
func (c *pictures) numbers(p *cache.Packet, shift uint16) (picture uint16, tl0 uint8) {
	f := &p.Frame
	if f.HasPictureID {
		picture = (uint16(c.unwrap(f)) + shift) & pictureMask
		if int16((picture-c.out)<<1) > 0 {
			c.out = picture
		}
	}
	if f.HasTL0 {
		tl0 = f.TL0 + c.tl0Shift
		if int8(tl0-c.tl0) > 0 {
			c.tl0 = tl0
		}
	}
	return picture, tl0
}

// drop leaves a picture out. Its other packets change nothing more, nor does
// leaving out the rest of a picture of which something was sent.
func (c *pictures) drop(p *cache.Packet) {
	if !p.Frame.HasPictureID || !c.known {
		return
	}
	if id := c.unwrap(&p.Frame); id > c.in {
		c.in, c.wasDrop = id, true
		c.shift--
	}
}

// dropped says whether the packet is of the picture left out last: without its
// beginning the rest is of no use, and would carry the id of another.
func (c *pictures) dropped(p *cache.Packet) bool {
	return c.wasDrop && p.Frame.HasPictureID && c.unwrap(&p.Frame) == c.in
}
