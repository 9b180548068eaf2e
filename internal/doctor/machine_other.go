//go:build !linux

package doctor

import "errors"

var errNotAsked = errors.New("not examined on this system")

func freeDisk(string) (uint64, error) { return 0, errNotAsked }

func clock() Finding      { return Finding{What: "clock", Saw: errNotAsked.Error()} }
func udpBuffers() Finding { return Finding{What: "UDP buffers", Saw: errNotAsked.Error()} }
func priority() Finding   { return Finding{What: "real-time priority", Saw: errNotAsked.Error()} }
func openFiles() Finding  { return Finding{What: "open files", Saw: errNotAsked.Error()} }
