package codec

const (
	h264Block         = 16 // pixels of a macroblock's side
	h264MaxCycle      = 255
	h264MaxBlocks     = 1 << 10 // of a side: 16 384 pixels
	h264ScalingSmall  = 16
	h264ScalingLarge  = 64
	h264SmallMatrices = 6
)

// h264Size reads the picture size from a sequence parameter set (ITU-T H.264
// §7.3.2.1.1) whose type byte is already gone; 0, 0 when it cannot be read.
func h264Size(sps []byte) (width, height uint16) {
	r := bitReader{data: sps, h264: true}
	profile := r.bits(8)
	r.bits(16) // constraints, level
	r.ue()     // seq_parameter_set_id
	chroma := uint32(1)
	if h264HighProfile(profile) {
		chroma = h264Chroma(&r)
	}
	r.ue() // log2_max_frame_num_minus4
	h264OrderCount(&r)
	r.ue()   // max_num_ref_frames
	r.flag() // gaps_in_frame_num_value_allowed_flag
	wide, high := r.ue()+1, r.ue()+1
	fields := uint32(2)
	if r.flag() { // frame_mbs_only_flag
		fields = 1
	} else {
		r.flag() // mb_adaptive_frame_field_flag
	}
	r.flag() // direct_8x8_inference_flag
	if r.over || wide > h264MaxBlocks || high > h264MaxBlocks {
		return 0, 0
	}
	w, h := wide*h264Block, high*h264Block*fields
	if r.flag() { // frame_cropping_flag
		unitX, unitY := h264CropUnits(chroma, fields)
		w -= min(w, (r.ue()+r.ue())*unitX)
		h -= min(h, (r.ue()+r.ue())*unitY)
	}
	if r.over {
		return 0, 0
	}
	return uint16(min(w, 1<<16-1)), uint16(min(h, 1<<16-1))
}

// h264HighProfile says whether the set tells its chroma format.
func h264HighProfile(profile uint32) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

// h264Chroma reads the part only high profiles have, and gives chroma_format_idc.
func h264Chroma(r *bitReader) uint32 {
	chroma := r.ue()
	matrices := 8
	if chroma == 3 {
		matrices = 12
		if r.flag() { // separate_colour_plane_flag: as monochrome
			chroma = 0
		}
	}
	r.skipUE(2)    // bit depths
	r.flag()       // qpprime_y_zero_transform_bypass_flag
	if !r.flag() { // seq_scaling_matrix_present_flag
		return chroma
	}
	for i := range matrices {
		if !r.flag() {
			continue
		}
		size := h264ScalingSmall
		if i >= h264SmallMatrices {
			size = h264ScalingLarge
		}
		h264ScalingList(r, size)
	}
	return chroma
}

// h264ScalingList skips a scaling list (§7.3.2.1.1.1).
func h264ScalingList(r *bitReader, size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			code := r.ue()
			delta := int32((code + 1) / 2)
			if code%2 == 0 {
				delta = -delta
			}
			next = (last + delta) & 0xFF
		}
		if next != 0 {
			last = next
		}
	}
}

// h264OrderCount skips how pictures are ordered.
func h264OrderCount(r *bitReader) {
	switch r.ue() { // pic_order_cnt_type
	case 0:
		r.ue()
	case 1:
		r.flag()
		r.skipUE(2)
		r.skipUE(int(min(r.ue(), h264MaxCycle)))
	}
}

// h264CropUnits is how many pixels a step of cropping is (§7.4.2.1.1).
func h264CropUnits(chroma, fields uint32) (x, y uint32) {
	switch chroma {
	case 1: // 4:2:0
		return 2, 2 * fields
	case 2: // 4:2:2
		return 2, fields
	default:
		return 1, fields
	}
}
