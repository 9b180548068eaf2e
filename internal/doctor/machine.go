package doctor

import (
	"os"
	"os/exec"
)

const (
	// minDisk is what keys, certificates and logs need with ease; recordings need more.
	minDisk = 1 << 30
	// wantBuffer holds about 30 ms of a saturated gigabit link.
	wantBuffer = 4 << 20
	// wantFiles covers 200 connections an address and the server's own files.
	wantFiles = 4096
)

func dataDir(dir string) Finding {
	what := "data folder " + dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Finding{Level: Problem, What: what, Saw: err.Error(), Do: "choose a folder the server may write to with --data-dir"}
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return Finding{Level: Problem, What: what, Saw: err.Error(), Do: "let the server's user write there"}
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	free, err := freeDisk(dir)
	switch {
	case err != nil:
		return Finding{Level: Warning, What: what, Saw: "free space unknown: " + err.Error(), Do: "look at the disk by hand"}
	case free < minDisk:
		return Finding{Level: Warning, What: what, Saw: "less than 1 GiB free", Do: "make room"}
	}
	return Finding{What: what, Saw: "writable, room enough"}
}

func ffmpeg() Finding {
	if path, err := exec.LookPath("ffmpeg"); err == nil {
		return Finding{What: "ffmpeg", Saw: path}
	}
	return Finding{Level: Warning, What: "ffmpeg", Saw: "not found",
		Do: "meetings work without it; install it to export recordings as one file"}
}
