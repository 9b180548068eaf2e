//go:build !linux

package realtime

import (
	"os"
	"time"
)

type threads struct{}

func raise(time.Duration) (threads, error) { return threads{}, errUnsupported }

func again() error { return errUnsupported }

func (threads) lower() error { return nil }

func overruns() (c <-chan os.Signal, stop func()) { return nil, func() {} }
