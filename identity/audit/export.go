package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one line of an exported log, in bytes.
const maxLine = 256 << 10

// Line is an entry as one line of JSON, with its line break: what the export
// holds. Characters that cannot be seen, or that turn the text around them, are
// escaped, so that nothing in a name or a room can pose as something else in a
// terminal or make two lines of one.
func Line(e Entry) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("write audit entry %d: %w", e.Seq, err)
	}
	return append(Visible(b.Bytes()[:b.Len()-1]), '\n'), nil
}

// Read gives every entry of an exported log to each, until that fails.
func Read(r io.Reader, each func(Entry) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var e Entry
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			return fmt.Errorf("line %d of the exported log cannot be read: %w", n, err)
		}
		if decoder.More() {
			return fmt.Errorf("line %d of the exported log holds more than one entry", n)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("a line of the exported log is longer than %d bytes", maxLine)
		}
		return fmt.Errorf("read the exported log: %w", err)
	}
	return nil
}
