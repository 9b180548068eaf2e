package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"

	"palabre/rooms"
	"palabre/store/files"
)

const (
	// maxFileLimit is the most that --file-limit and --file-total may be, in MiB.
	maxFileLimit = 10_000
	mebibyte     = 1 << 20
)

// attachments is what people may send each other beside words.
type attachments struct {
	FileLimit int      `name:"file-limit" help:"Largest file people may attach to a line of chat, in MiB; 0: none." default:"20" placeholder:"MIB"`
	FileTotal int      `name:"file-total" help:"Most files of one meeting together, in MiB." default:"1000" placeholder:"MIB"`
	FileTypes []string `name:"file-types" help:"Media types that are taken, such as image/png. Default: pictures, sound, films, documents and archives; never anything that runs." placeholder:"TYPE"`
	FileScan  string   `name:"file-scan" help:"Program that is run with the path of each file before anybody gets it, such as a virus scanner; anything but exit status 0 refuses the file." placeholder:"COMMAND"`
}

func (a attachments) check() error {
	faults := []error{
		checkRange("file-limit", a.FileLimit, 0, maxFileLimit),
		checkRange("file-total", a.FileTotal, 0, 10*maxFileLimit),
	}
	if a.FileScan != "" {
		if _, err := exec.LookPath(a.FileScan); err != nil {
			faults = append(faults, fmt.Errorf("--file-scan: %w: name a program that is there", err))
		}
	}
	return errors.Join(faults...)
}

// openFiles opens the folder of attached files and keeps it tidy until close.
func (p *parts) openFiles(s settings, log *slog.Logger) error {
	disk, err := files.NewDisk(s.inData("files"))
	if err != nil {
		return err
	}
	p.onClose(disk.Close)
	config := files.Config{Blobs: disk, Scan: s.FileScan, Kept: p.store.FilesKept, Logger: log}
	if len(s.FileTypes) > 0 {
		config.Types = s.FileTypes
	}
	if p.files, err = files.New(config); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.files.Run(ctx) // it logs what goes wrong
	}()
	p.onClose(func() error {
		cancel()
		<-done
		return nil
	})
	return nil
}

// fileLimits is what the rooms need to know of attached files.
func (p *parts) fileLimits(s settings) rooms.Files {
	return rooms.Files{Limit: int64(s.FileLimit) * mebibyte, Total: int64(s.FileTotal) * mebibyte, Forget: p.files.Forget}
}
