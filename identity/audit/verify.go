package audit

import (
	"encoding/json"
	"fmt"
)

// CutDetail is the detail of an entry of [Cut]: the newest entry that was cut
// off, and how many there were.
type CutDetail struct {
	Through int64  `json:"through"`
	Hash    string `json:"hash"`
	Count   int64  `json:"count"`
}

// Broken says which entry first breaks the chain, and why.
type Broken struct {
	Seq    int64
	Reason string
}

// Error is the whole sentence.
func (b *Broken) Error() string {
	return fmt.Sprintf("the audit log is broken at entry %d: %s", b.Seq, b.Reason)
}

// Known is an entry whoever verifies has noted elsewhere.
type Known struct {
	Seq  int64
	Hash string
}

// Verifier walks a chain from its oldest entry to its newest.
type Verifier struct {
	// Known is held against the chain; zero holds nothing.
	Known Known

	first, last Entry
	count       int64
	cut         *CutDetail
	met         bool
}

// Add takes the next entry. Its error is a [Broken] for the first one that is
// not as it was written, or not where it was.
func (v *Verifier) Add(e Entry) error {
	switch {
	case e.sum() != e.Hash:
		return &Broken{e.Seq, "its content is not what was written: the hash does not match"}
	case v.count > 0 && e.Seq != v.last.Seq+1:
		return &Broken{e.Seq, fmt.Sprintf("entry %d was expected after %d", v.last.Seq+1, v.last.Seq)}
	case v.count > 0 && e.Prev != v.last.Hash:
		return &Broken{e.Seq, fmt.Sprintf("it does not follow entry %d as that is now", v.last.Seq)}
	case e.Seq < 1, e.Seq == 1 && e.Prev != None:
		return &Broken{e.Seq, "it is no beginning of a chain"}
	case e.Seq == v.Known.Seq && e.Hash != v.Known.Hash:
		return &Broken{e.Seq, "its hash is not the one that was noted"}
	}
	if e.Action == Cut {
		var cut CutDetail
		if err := json.Unmarshal(e.Detail, &cut); err != nil {
			return &Broken{e.Seq, "what it says was cut off cannot be read"}
		}
		v.cut = &cut
	}
	v.met = v.met || e.Seq == v.Known.Seq
	if v.count == 0 {
		v.first = e
	}
	v.last = e
	v.count++
	return nil
}

// Head says which entry the store holds to be the newest.
func (v *Verifier) Head(seq int64, hash string) error {
	switch {
	case seq == v.last.Seq && (hash == v.last.Hash || v.count == 0 && hash == None):
		return nil
	case seq > v.last.Seq:
		return &Broken{v.last.Seq + 1, fmt.Sprintf("it and all after it are missing, up to %d", seq)}
	}
	return &Broken{v.last.Seq, fmt.Sprintf("the newest entry should be %d", seq)}
}

// Finish looks at the beginning: it is entry 1, or the one after those that
// were cut off by the word of a later entry.
func (v *Verifier) Finish() error {
	switch {
	case v.count == 0 && v.Known.Seq > 0:
		return &Broken{v.Known.Seq, "it was noted and is not there"}
	case v.count == 0:
		return nil
	case v.first.Seq > 1 && (v.cut == nil || v.cut.Through != v.first.Seq-1 || v.cut.Hash != v.first.Prev):
		return &Broken{v.first.Seq, "the entries before it are missing, and no later entry says that they were cut off"}
	case v.Known.Seq >= v.first.Seq && !v.met:
		return &Broken{v.Known.Seq, "it was noted and is not there"}
	}
	return nil
}

// Count is how many entries were walked, Last the newest.
func (v *Verifier) Count() int64 { return v.count }

// Last is the newest entry walked.
func (v *Verifier) Last() Entry { return v.last }
