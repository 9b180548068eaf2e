package storetest

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// unprivileged has a program end with this one, and run as the user postgres
// where this one is root: PostgreSQL refuses to be.
func unprivileged() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if uid, gid, err := postgres(); err == nil && os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return attr
}

// own gives the user postgres a folder where this process is root.
func own(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := postgres()
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}

func postgres() (uid, gid int, err error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("find the user PostgreSQL runs as: %w", err)
	}
	if uid, err = strconv.Atoi(account.Uid); err != nil {
		return 0, 0, fmt.Errorf("read the user PostgreSQL runs as: %w", err)
	}
	if gid, err = strconv.Atoi(account.Gid); err != nil {
		return 0, 0, fmt.Errorf("read the group PostgreSQL runs as: %w", err)
	}
	return uid, gid, nil
}
