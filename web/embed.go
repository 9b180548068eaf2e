// Package web holds the pages of Palabre as they were built: the folder dist,
// compiled into the binary so that one file is the whole server.
package web

import (
	"embed"
	"io/fs"
)

// The prefix all: takes files that begin with a dot along, so that this
// compiles before anything is built, when dist holds only .keep.
//
//go:embed all:dist
var dist embed.FS

// Pages is the file system of the built pages: index.html, assets/… with their
// .br and .gz twins. It is empty but for .keep until the pages are built.
func Pages() fs.FS {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		// Cannot happen: dist is a valid path, named by the directive above.
		return dist
	}
	return pages
}

// Built says whether the pages are inside.
func Built() bool {
	_, err := fs.Stat(Pages(), "index.html")
	return err == nil
}
