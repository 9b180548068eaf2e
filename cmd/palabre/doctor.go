package main

import (
	"context"
	"errors"
	"io"

	"palabre/internal/doctor"
)

type doctorCommand struct {
	settings
}

// Run examines and reports; a problem makes the exit status 1.
func (c *doctorCommand) Run(ctx context.Context, out io.Writer) error {
	addrs, err := c.nodeAddrs()
	if err != nil {
		return err
	}
	turn := doctor.Turn{On: c.turnPort() != turnNowhere}
	if c.turnPort() == turnOwn {
		turn.Listen = c.Turn
	}
	if turn.On {
		turn.URLs = c.turnURLs("")
	}
	mail, err := c.mailServer()
	if err != nil {
		return err
	}
	var connect func(context.Context) error
	if mail != nil {
		connect = mail.Check
	}
	findings := doctor.Examine(ctx, doctor.Subject{
		Mail:    connect,
		DataDir: c.DataDir, HTTP: c.HTTP, UDP: c.UDP, ICETCP: c.ICETCP,
		PublicURL: c.PublicURL, NodeAddrs: addrs,
		TLS: c.TLS, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Turn: turn,
	})
	worst, err := doctor.Write(out, findings)
	if err != nil {
		return err
	}
	if worst == doctor.Problem {
		return errors.New("there are problems: see above")
	}
	return nil
}
