package codec

// String is the media type of the codec.
func (c Codec) String() string { return mimes[c] }
