package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// unable is the exit status where the machine does not let us, as test
// drivers know it: skip.
const unable = 77

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 0:
		err = serve(os.Stdin, os.Stdout)
	case len(args) > 2 && args[0] == "exec":
		err = enter(args[1], args[2:])
	default:
		err = errors.New("usage: labnet, or labnet exec NAMESPACE COMMAND with its arguments")
	}
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "labnet:", err)
	if errors.Is(err, errUnable) {
		os.Exit(unable)
	}
	os.Exit(1)
}

// greeting is the first line labnet prints.
type greeting struct {
	Server        string `json:"server"`
	Client        string `json:"client"`
	ServerAddress string `json:"serverAddress"`
	ClientAddress string `json:"clientAddress"`
}

// serve makes the namespaces and obeys commands until they end.
func serve(in io.Reader, out io.Writer) error {
	l, err := newLab()
	if err != nil {
		return err
	}
	defer l.close()
	answers := json.NewEncoder(out)
	if err := answers.Encode(greeting{l.server.path(), l.client.path(), serverAddress, clientAddress}); err != nil {
		return fmt.Errorf("say where the namespaces are: %w", err)
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if err := answers.Encode(l.obey(lines.Bytes())); err != nil {
			return fmt.Errorf("answer a command: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read commands: %w", err)
	}
	return nil
}

// enter becomes a command in a namespace.
func enter(namespace string, command []string) error {
	runtime.LockOSThread()
	f, err := os.Open(namespace)
	if err != nil {
		return fmt.Errorf("open the namespace (is its labnet still running?): %w", err)
	}
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter %s: %w", namespace, err)
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the command: %w", err)
	}
	return fmt.Errorf("run %s: %w", path, syscall.Exec(path, command, os.Environ()))
}
