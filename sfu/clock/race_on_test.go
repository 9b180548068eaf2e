//go:build race

package clock

// raceEnabled shortens what the race detector makes ten times slower.
const raceEnabled = true
