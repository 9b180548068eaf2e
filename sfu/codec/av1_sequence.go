package codec

// av1Size reads the largest picture size from a sequence header (AV1 §5.5.1);
// 0, 0 when it cannot be read.
func av1Size(sequence []byte) (width, height uint16) {
	r := bitReader{data: sequence}
	r.bits(3)     // seq_profile
	r.flag()      // still_picture
	if r.flag() { // reduced_still_picture_header
		r.bits(5)
	} else {
		av1OperatingPoints(&r)
	}
	wide, high := int(r.bits(4))+1, int(r.bits(4))+1
	w, h := r.bits(wide)+1, r.bits(high)+1
	if r.over {
		return 0, 0
	}
	return uint16(min(w, 1<<16-1)), uint16(min(h, 1<<16-1))
}

// av1OperatingPoints skips timing and operating points.
func av1OperatingPoints(r *bitReader) {
	model, delay, delayBits := false, false, 0
	if r.flag() { // timing_info_present_flag
		r.bits(32)
		r.bits(32)
		if r.flag() { // equal_picture_interval
			r.ue() // uvlc is coded the same way
		}
		if model = r.flag(); model {
			delayBits = int(r.bits(5)) + 1
			r.bits(32)
			r.bits(10)
		}
	}
	delay = r.flag() // initial_display_delay_present_flag
	for range r.bits(5) + 1 {
		r.bits(12)         // operating_point_idc
		if r.bits(5) > 7 { // seq_level_idx
			r.flag() // seq_tier
		}
		if model && r.flag() {
			r.bits(delayBits)
			r.bits(delayBits)
			r.flag()
		}
		if delay && r.flag() {
			r.bits(4)
		}
	}
}
