package identity

// Keys are the signing keys of a server.
type Keys struct{}

// LoadKeys reads the keys of a data directory, or makes them the first time.
func LoadKeys(dir string) (*Keys, error) { return &Keys{}, nil }
