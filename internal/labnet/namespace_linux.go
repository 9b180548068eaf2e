package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// errUnable says that the machine does not let us make namespaces.
var errUnable = errors.New("this machine does not allow it: run as root, outside of a restricted container")

// card is the name of the interface in each namespace.
const card = "eth0"

// namespace is one network of its own with one interface, whose frames we carry.
type namespace struct {
	net *os.File // keeps it alive
	tap *os.File
}

// path is where other processes find the namespace.
func (n *namespace) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.net.Fd())
}

func (n *namespace) close() {
	_ = n.tap.Close()
	_ = n.net.Close()
}

// newNamespace makes a namespace whose interface has an address.
func newNamespace(address string) (*namespace, error) {
	n := &namespace{}
	err := aside(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w (%w)", errUnable, err)
		}
		var err error
		if n.net, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return fmt.Errorf("hold a network namespace: %w", err)
		}
		if n.tap, err = openTAP(); err != nil {
			return err
		}
		if err := up("lo"); err != nil {
			return err
		}
		return errors.Join(setAddress(address), up(card))
	})
	if err != nil && n.net != nil {
		_ = n.net.Close()
	}
	return n, err
}

// do runs f in the namespace.
func (n *namespace) do(f func() error) error {
	return aside(func() error {
		if err := unix.Setns(int(n.net.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return f()
	})
}

// aside runs f on a thread of its own that ends with it: nothing else may ever
// run where f has gone.
func aside(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// openTAP makes the interface; what the kernel sends out of it is read from
// the file, what is written to the file it receives.
func openTAP() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w (%w)", errUnable, err)
	}
	request, err := unix.NewIfreq(card)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make an interface: %w (%w)", errUnable, err)
	}
	// Only now does the file know how to wait for packets.
	return os.NewFile(uintptr(fd), card), nil
}

// configure changes an interface of this thread's namespace.
func configure(name, doing string, change func(fd int, r *unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		defer func() { _ = unix.Close(fd) }()
		var request *unix.Ifreq
		if request, err = unix.NewIfreq(name); err == nil {
			err = change(fd, request)
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, name, err)
	}
	return nil
}

func up(name string) error {
	return configure(name, "bring up", func(fd int, r *unix.Ifreq) error {
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, r); err != nil {
			return err
		}
		r.SetUint16(r.Uint16() | unix.IFF_UP | unix.IFF_RUNNING)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
	})
}

// setAddress gives the interface an IPv4 address in a network of 256.
func setAddress(address string) error {
	ip := net.ParseIP(address).To4()
	if ip == nil {
		return fmt.Errorf("address %q is not of the form 10.88.0.2", address)
	}
	for _, step := range []struct {
		number uint
		value  []byte
	}{{unix.SIOCSIFADDR, ip}, {unix.SIOCSIFNETMASK, []byte{255, 255, 255, 0}}} {
		err := configure(card, "give an address to", func(fd int, r *unix.Ifreq) error {
			if err := r.SetInet4Addr(step.value); err != nil {
				return err
			}
			return unix.IoctlIfreq(fd, step.number, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
