package files

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"  // image.DecodeConfig reads their headers
	_ "image/jpeg" // "
	_ "image/png"  // "
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

// maxPixels is the largest picture that is shown rather than only downloaded:
// a browser needs four bytes for each.
const maxPixels = 50_000_000

// sniffed is how much of a file says what it is (WHATWG MIME Sniffing section 5.2 looks at 1445 bytes at most).
const sniffed = 1500

// DefaultTypes are the media types that are taken when nobody configured
// others: pictures, sound, films, documents and archives. None of them runs.
func DefaultTypes() []string {
	return []string{
		"image/png", "image/jpeg", "image/webp", "image/gif",
		"application/pdf", "text/plain", "application/zip", "application/gzip",
		"audio/mpeg", "audio/wave", "application/ogg", "video/mp4", "video/webm",
	}
}

// kind is what a file was found to be.
type kind struct {
	media         string
	width, height int
}

// never are endings of what runs where it is opened, or is a page; no list of
// types lets them in.
func never() []string {
	return strings.Fields(`.ade .adp .apk .app .appx .bat .chm .cmd .com .command .cpl .deb .desktop .dll .dmg .docm .dotm .exe
		.hta .htm .html .inf .ins .iso .jar .jnlp .js .jse .lnk .mhtml .mjs .msi .msp .mst .pif .pl .ps1 .psm1 .py .reg .rpm .scr .sct
		.sh .shtml .svg .svgz .sys .url .vb .vbe .vbs .vhd .vxd .wsc .wsf .wsh .xht .xhtml .xlsm .xltm .pptm .xml .xsl`)
}

// means is what some endings promise; a file must keep that promise. Documents
// of office programs are archives inside.
func means(extension string) (media []string, known bool) {
	media, known = map[string][]string{
		".png": {"image/png"}, ".jpg": {"image/jpeg"}, ".jpeg": {"image/jpeg"}, ".gif": {"image/gif"}, ".webp": {"image/webp"},
		".pdf": {"application/pdf"}, ".txt": {"text/plain"}, ".md": {"text/plain"}, ".csv": {"text/plain"}, ".log": {"text/plain"},
		".zip": {"application/zip"}, ".gz": {"application/gzip"}, ".tgz": {"application/gzip"}, ".mp3": {"audio/mpeg"}, ".wav": {"audio/wave"},
		".ogg": {"application/ogg"}, ".mp4": {"video/mp4"}, ".webm": {"video/webm"},
		".docx": {"application/zip"}, ".xlsx": {"application/zip"}, ".pptx": {"application/zip"},
		".odt": {"application/zip"}, ".ods": {"application/zip"}, ".odp": {"application/zip"},
	}[extension]
	return media, known
}

// inspect finds out what a file is by its bytes, and whether it may be taken
// under its name.
func inspect(file io.ReadSeeker, name string, allowed []string) (kind, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return kind{}, fmt.Errorf("read an attached file: %w", err)
	}
	head = head[:n]
	media, _, err := mime.ParseMediaType(http.DetectContentType(head))
	if err != nil {
		return kind{}, fmt.Errorf("read an attached file's type: %w", err)
	}
	if media == "application/x-gzip" {
		media = "application/gzip"
	}
	extension := strings.ToLower(path.Ext(name))
	promised, known := means(extension)
	switch {
	case slices.Contains(never(), extension) || runs(head) || !slices.Contains(allowed, media):
		return kind{}, ErrType
	case known && !slices.Contains(promised, media):
		return kind{}, ErrMismatch
	case !strings.HasPrefix(media, "image/"):
		return kind{media: media}, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return kind{}, fmt.Errorf("read an attached picture: %w", err)
	}
	return measured(file, head, media), nil
}

// runs says whether a file is a program or a script, whatever it calls itself.
func runs(head []byte) bool {
	for _, mark := range []string{
		"MZ", "\x7fELF", "#!", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\x00asm", "L\x00\x00\x00\x01\x14\x02\x00",
	} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	return false
}

// measured reads the size of a picture from its header. One without a size is
// no picture to show.
func measured(file io.Reader, head []byte, media string) kind {
	width, height := webp(head)
	if media != "image/webp" {
		config, _, err := image.DecodeConfig(io.LimitReader(file, 1<<20))
		if err != nil {
			return kind{media: media}
		}
		width, height = config.Width, config.Height
	}
	if width <= 0 || height <= 0 || width > maxPixels || height > maxPixels || width*height > maxPixels {
		return kind{media: media}
	}
	return kind{media, width, height}
}
