//go:build !race

package sfu_test

// raceEnabled relaxes bounds on time: the race detector costs a factor of ten.
const raceEnabled = false

// raceNote says in a bar that it is relaxed.
const raceNote = ""
