package rooms

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"time"

	"palabre/rooms/chat"
)

const (
	// ticketLife is how long a ticket waits for its upload to begin.
	ticketLife = 2 * time.Minute
	// uploadLife is how long an upload may take at most; then its place is given up.
	uploadLife = 30 * time.Minute
	// maxTickets is how many uploads one person may have under way, maxUploads
	// how many a meeting.
	maxTickets = 4
	maxUploads = 64
)

// Files bounds what people attach to lines. Without a limit nobody attaches anything.
type Files struct {
	// Limit is the most bytes of one file, Total those of a whole meeting.
	Limit, Total int64
	// Forget deletes a file for good. It may take its time.
	Forget func(id string)
}

// Attachment is a file somebody wishes to send, and the line it goes with.
type Attachment struct {
	Message
	// Name is what the sender calls it, Size its exact length in bytes.
	Name string
	Size int64
}

// Ticket lets one file be uploaded, once.
type Ticket struct {
	Secret  string
	Expires time.Time
}

// ticket is what was promised to somebody.
type ticket struct {
	by    *person
	draft chat.Draft
	// claimed says that the upload has begun.
	claimed bool
	expires time.Time
}

// Attach gives a ticket to upload a file with, and reserves its place in the meeting.
func (s *Session) Attach(ctx context.Context, a Attachment) (t Ticket, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		t, err = r.promise(p, a, time.Now())
		return err
	})
	return t, err
}

// File gives what is attached to a line that one may read.
func (s *Session) File(ctx context.Context, line string) (file chat.File, err error) {
	err = s.command(ctx, func(r *room, p *person) error {
		if p.place != joined {
			return refuse(CodeNotAdmitted, "Join the room first.")
		}
		found, err := r.talk.Find(p.voice(), line)
		if err != nil {
			return chatRefusal(err)
		}
		if file = found.File; file.ID == "" {
			return refuse(CodeNotFound, "Nothing is attached to this line.")
		}
		return nil
	})
	return file, err
}

// promise checks a wish to attach something, as far as that can be done before it comes.
func (r *room) promise(p *person, a Attachment, now time.Time) (Ticket, error) {
	if err := r.require(p, Attach); err != nil {
		return Ticket{}, err
	}
	draft, err := r.draft(p, a.Message)
	if err != nil {
		return Ticket{}, err
	}
	if draft.Text, err = cleanCaption(a.Text); err != nil {
		return Ticket{}, err
	}
	if err := r.mayUpload(p, a.Size, now); err != nil {
		return Ticket{}, err
	}
	if err := r.mayWrite(p); err != nil {
		return Ticket{}, err
	}
	draft.File = chat.File{ID: newID(), Name: cleanFileName(a.Name), Size: a.Size}
	t := Ticket{Secret: rand.Text(), Expires: now.Add(ticketLife)}
	if r.talk.tickets == nil {
		r.talk.tickets = map[string]*ticket{}
	}
	r.talk.tickets[t.Secret] = &ticket{by: p, draft: draft, expires: t.Expires}
	return t, nil
}

// mayUpload asks whether a file of a size still fits.
func (r *room) mayUpload(p *person, size int64, now time.Time) error {
	maps.DeleteFunc(r.talk.tickets, func(_ string, t *ticket) bool { return t.expires.Before(now) })
	limits := r.rooms.cfg.Files
	own, total := 0, size
	for _, t := range r.talk.tickets {
		total += t.draft.File.Size
		if t.by.voice().Key == p.voice().Key {
			own++
		}
	}
	for _, file := range r.talk.Files() {
		total += file.Size
	}
	switch {
	case size <= 0:
		return refuse(CodeBadMessage, "An empty file cannot be sent.")
	case size > limits.Limit:
		return refuse(CodeTooLarge, fmt.Sprintf("A file has at most %d bytes.", limits.Limit))
	case total > limits.Total:
		return refuse(CodeTooLarge, "This meeting has all the files it takes.")
	case own >= maxTickets || len(r.talk.tickets) >= maxUploads:
		return &Error{Code: CodeRateLimited, Message: "Too many files at once; wait until one has arrived.", RetryAfter: time.Second}
	}
	return nil
}

// Upload is a file on its way in. Either Done or Cancel ends it.
type Upload struct {
	// File is what was announced: its id, name and size.
	File chat.File

	rooms  *Rooms
	room   *room
	of     *talk
	secret string
}

// Upload begins an upload; CodeUnauthorized without a ticket that still waits.
func (r *Rooms) Upload(ctx context.Context, name, secret string) (*Upload, error) {
	room, err := r.hold(name)
	if err != nil {
		return nil, err
	}
	u := &Upload{rooms: r, room: room, secret: secret}
	err = room.call(ctx, func() error {
		now := time.Now()
		t := room.talk.tickets[secret]
		if t == nil || t.claimed || t.expires.Before(now) {
			return refuse(CodeUnauthorized, "This upload was not announced, or its time is over.")
		}
		t.claimed, t.expires = true, now.Add(uploadLife)
		u.of, u.File = room.talk, t.draft.File
		return nil
	})
	if err != nil {
		r.release(room)
		return nil, err
	}
	return u, nil
}

// Done writes the line the file goes with; file is what was found in it. When
// that fails the file belongs to nobody.
func (u *Upload) Done(ctx context.Context, file chat.File) (line chat.Line, err error) {
	defer u.rooms.release(u.room)
	err = u.room.call(ctx, func() error {
		t, err := u.take()
		if err != nil {
			return err
		}
		if err := u.room.require(t.by, Attach); err != nil {
			return err
		}
		t.draft.File = file
		t.draft.By = t.by.voice()
		line, err = u.room.post(t.by, 0, t.draft)
		return err
	})
	return line, err
}

// Cancel gives the place of the file back.
func (u *Upload) Cancel() {
	defer u.rooms.release(u.room)
	// Where the room has ended there is nothing to give back.
	_ = u.room.call(context.Background(), func() error {
		_, err := u.take()
		return err
	})
}

// take ends the ticket of an upload, on the room's goroutine.
func (u *Upload) take() (*ticket, error) {
	t := u.of.tickets[u.secret]
	delete(u.of.tickets, u.secret)
	if t == nil || u.room.talk != u.of {
		return nil, refuse(CodeNotFound, "The meeting of this file is over.")
	}
	return t, nil
}

// forget lets go of attached files that belong to no line any more.
func (r *room) forget(files ...string) {
	forget := r.rooms.cfg.Files.Forget
	for _, id := range files {
		if id != "" && forget != nil {
			r.rooms.running.Go(func() { forget(id) })
		}
	}
}

// forgetTalk lets go of the chat of a meeting that is over. What nobody
// remembers takes its files with it.
func (r *room) forgetTalk() {
	if r.rooms.cfg.Memory == nil {
		for _, file := range r.talk.Files() {
			r.forget(file.ID)
		}
	}
	r.talk = &talk{}
}
