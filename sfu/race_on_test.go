//go:build race

package sfu_test

// raceEnabled relaxes bounds on time: the race detector costs a factor of ten.
const raceEnabled = true

// raceNote says in a bar that it is relaxed.
const raceNote = " (ten times that under the race detector)"
