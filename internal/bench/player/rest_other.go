//go:build !linux

package player

import "time"

// rest sleeps.
func rest(d time.Duration) { time.Sleep(d) }
