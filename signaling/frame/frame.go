// Package frame decodes what a stranger sent as JSON, strictly: a frame means
// one thing or it is refused before anything is done with it.
//
// encoding/json is lenient where a protocol must not be: it takes the last of
// duplicate fields, matches names without regard to case, lets null stand for
// anything, and mends broken UTF-8. [Decode] checks the text against the Go
// type first and names the field that is wrong, so that the sender can mend it.
package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
)

// MaxDepth is how deep values may nest. The deepest message of the protocol,
// an offer's list of seats, needs 5.
const MaxDepth = 16

var errDeep = errors.New("nested too deep")

// ErrMalformed is wrapped by every error of [Decode].
var ErrMalformed = errors.New("malformed message")

// Decode checks text against the type into points to, and fills it. Fields the
// type does not have, fields named twice, null for anything but a list, wrong
// types, numbers that do not fit, broken UTF-8, nesting deeper than [MaxDepth]
// and anything after the value are errors. A [json.RawMessage] takes any value
// but null and is checked no further than its nesting.
func Decode(text []byte, into any) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	c := checker{dec: json.NewDecoder(bytes.NewReader(text))}
	c.dec.UseNumber()
	if err := c.value("message", reflect.TypeOf(into).Elem(), 0); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the message", ErrMalformed)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// checker walks the tokens of a text and the fields of a type together.
// where is the path of the value it is at, for the sentence of an error.
type checker struct{ dec *json.Decoder }

func (c *checker) value(where string, t reflect.Type, depth int) error {
	if depth > MaxDepth {
		return errDeep
	}
	token, err := c.dec.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		if token == nil {
			return fmt.Errorf("%s must not be null", where)
		}
		return c.skip(token, depth)
	}
	for t.Kind() == reflect.Pointer { // a field that may be missing; null it is not
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.object(where, t, token, depth)
	case reflect.Map:
		return c.table(where, t.Elem(), token, depth)
	case reflect.Slice:
		return c.list(where, t.Elem(), token, depth)
	default:
		return scalar(where, t.Kind(), token)
	}
}

func (c *checker) object(where string, t reflect.Type, token json.Token, depth int) error {
	if token != json.Delim('{') {
		return fmt.Errorf("%s must be an object", where)
	}
	fields, seen := fieldsOf(t), map[string]bool{}
	for c.dec.More() {
		token, err := c.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder takes nothing else here
		field, ok := fields[name]
		switch {
		case !ok:
			return fmt.Errorf("%s has no field %.40q", where, name)
		case seen[name]:
			return fmt.Errorf("%s has field %.40q twice", where, name)
		}
		seen[name] = true
		if err := c.value(within(where, name), field, depth+1); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return unexpectedEOF(err)
}

// table is an object whose names are the sender's own.
func (c *checker) table(where string, elem reflect.Type, token json.Token, depth int) error {
	if token != json.Delim('{') {
		return fmt.Errorf("%s must be an object", where)
	}
	seen := map[string]bool{}
	for c.dec.More() {
		token, err := c.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder takes nothing else here
		if seen[name] {
			return fmt.Errorf("%s has %.40q twice", where, name)
		}
		seen[name] = true
		if err := c.value(within(where, name), elem, depth+1); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return unexpectedEOF(err)
}

func (c *checker) list(where string, elem reflect.Type, token json.Token, depth int) error {
	if token == nil { // how Go writes an empty list
		return nil
	}
	if token != json.Delim('[') {
		return fmt.Errorf("%s must be a list", where)
	}
	for i := 0; c.dec.More(); i++ {
		if err := c.value(fmt.Sprintf("%s[%d]", where, i), elem, depth+1); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return unexpectedEOF(err)
}

// skip passes over what only its own reader knows the type of; that reader
// checks it, and can say which message it was.
func (c *checker) skip(token json.Token, depth int) error {
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	for depth++; c.dec.More(); {
		if depth > MaxDepth {
			return errDeep
		}
		if open == '{' { // the field's name
			if _, err := c.dec.Token(); err != nil {
				return err
			}
		}
		token, err := c.dec.Token()
		if err != nil {
			return unexpectedEOF(err)
		}
		if err := c.skip(token, depth); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return unexpectedEOF(err)
}

func scalar(where string, kind reflect.Kind, token json.Token) error {
	want := ""
	switch kind {
	case reflect.String:
		if _, ok := token.(string); !ok {
			want = "a string"
		}
	case reflect.Bool:
		if _, ok := token.(bool); !ok {
			want = "true or false"
		}
	default: // the numbers; their range is checked while they are stored
		if _, ok := token.(json.Number); !ok {
			want = "a number"
		}
	}
	if want != "" {
		return fmt.Errorf("%s must be %s", where, want)
	}
	return nil
}

// fieldsOf maps the JSON names of a struct to the types of its fields.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := bytes.Cut([]byte(f.Tag.Get("json")), []byte(","))
		fields[string(name)] = f.Type
	}
	return fields
}

func within(where, name string) string {
	if where == "message" {
		return name
	}
	return where + "." + name
}

func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
