//go:build !linux

package storetest

import "syscall"

func unprivileged() *syscall.SysProcAttr { return nil }

func own(string) error { return nil }
