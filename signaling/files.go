package signaling

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"palabre/rooms"
	"palabre/rooms/chat"
	"palabre/signaling/protocol"
)

const (
	// linkLife is how long a link to an attached file is good; clients ask for
	// another one when they need it.
	linkLife = 15 * time.Minute
	// maxUploading is how many files are on their way in at once; the others wait a little.
	maxUploading = 16
	// uploadPatience is how long nothing may come of a file, and how long the
	// first of it may take.
	uploadPatience = 15 * time.Second
	// slowest is how fast a file must come on average, in bytes a second.
	slowest = 32 << 10
	// downloadTime bounds how long a file may take to go out.
	downloadTime = 30 * time.Minute
)

// Files keeps what people attach to lines of chat.
type Files interface {
	// Take stores a file that was announced and gives what was found in it.
	Take(ctx context.Context, announced chat.File, body io.Reader) (chat.File, error)
	// Open gives a stored file; an error that is fs.ErrNotExist where there is none.
	Open(id string) (io.ReadSeekCloser, error)
	// Forget deletes a file.
	Forget(id string)
}

// linkClaims is what a link to a file says, and the server's signature vouches for.
type linkClaims struct {
	Room    string `json:"r"`
	File    string `json:"f"`
	Name    string `json:"n"`
	Type    string `json:"t"`
	Shown   bool   `json:"s,omitempty"` // a picture that pages may show
	Expires int64  `json:"e"`           // in seconds since 1970 UTC
}

// fileRoutes takes files in and gives them out.
func (s *Server) fileRoutes(api *gin.RouterGroup) {
	api.POST("/v1/rooms/:room/files", s.upload)
	api.GET("/v1/rooms/:room/files/:file", s.download)
}

func newLinkKey() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key
}

func (s *Server) signature(text string) []byte {
	mac := hmac.New(sha256.New, s.linkKey)
	_, _ = mac.Write([]byte("file link\n" + text))
	return mac.Sum(nil)
}

// linkTo gives the path of an attached file for whoever is shown it now. Links
// do not outlive the server's run.
func (s *Server) linkTo(room string, file chat.File, now time.Time) protocol.FileLink {
	expires := now.Add(linkLife).Truncate(time.Second)
	// Strings and numbers always encode.
	text, _ := json.Marshal(linkClaims{room, file.ID, file.Name, file.Type, file.Width > 0, expires.Unix()})
	signed := base64.RawURLEncoding.EncodeToString(text)
	key := signed + "." + base64.RawURLEncoding.EncodeToString(s.signature(signed))
	return protocol.FileLink{
		URL: "/api/v1/rooms/" + url.PathEscape(room) + "/files/" + file.ID + "?key=" + key, Expires: millis(expires),
	}
}

// fileLink is linkTo for programs.
func (s *Server) fileLink(_ *http.Request, room string, file chat.File) (string, time.Time) {
	link := s.linkTo(room, file, time.Now())
	return link.URL, time.UnixMilli(link.Expires)
}

// verified gives what a link says, when it is ours and still good.
func (s *Server) verified(key string, now time.Time) (link linkClaims, ok bool) {
	if len(key) > 4<<10 {
		return link, false
	}
	signed, given, _ := strings.Cut(key, ".")
	mac, err := base64.RawURLEncoding.DecodeString(given)
	if err != nil || !hmac.Equal(mac, s.signature(signed)) {
		return link, false
	}
	text, err := base64.RawURLEncoding.DecodeString(signed)
	if err != nil || json.Unmarshal(text, &link) != nil {
		return link, false
	}
	return link, now.Unix() < link.Expires
}

// upload takes a file in that a session announced: its ticket is the bearer token.
func (s *Server) upload(c *gin.Context) {
	room, ticket, err := s.presented(c)
	if err == nil && s.cfg.Files == nil {
		err = refuse(protocol.CodeUnavailable, "This server takes no files.")
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	select {
	case s.uploading <- struct{}{}:
		defer func() { <-s.uploading }()
	case <-time.After(uploadPatience / 3):
		s.fail(c, &refusal{code: protocol.CodeUnavailable, message: "Too many files are on their way.", after: uploadPatience})
		return
	}
	upload, err := s.cfg.Rooms.Upload(c.Request.Context(), room, ticket)
	if err != nil {
		if rooms.CodeOf(err) == rooms.CodeUnauthorized {
			s.gate.Charge(s.address(c.Request))
		}
		s.fail(c, err)
		return
	}
	line, err := s.take(c, upload)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, wireLine(line))
}

// take stores the body of a request and writes the line it goes with.
func (s *Server) take(c *gin.Context, upload *rooms.Upload) (chat.Line, error) {
	announced := upload.File
	if sent := c.Request.ContentLength; sent >= 0 && sent != announced.Size {
		upload.Cancel()
		return chat.Line{}, refuse(protocol.CodeBadMessage, "The file has another length than was announced.")
	}
	body := &slowBody{
		from: http.MaxBytesReader(c.Writer, c.Request.Body, announced.Size+1), control: http.NewResponseController(c.Writer),
		until: time.Now().Add(uploadPatience + time.Duration(announced.Size/slowest)*time.Second),
	}
	file, err := s.cfg.Files.Take(c.Request.Context(), announced, body)
	_ = body.control.SetWriteDeadline(time.Now().Add(uploadPatience)) // the server's own ran while the file came
	if err != nil {
		upload.Cancel()
		if body.failed {
			return chat.Line{}, refuse(protocol.CodeBadMessage, "The file did not arrive whole, or too slowly.")
		}
		return chat.Line{}, err
	}
	line, err := upload.Done(c.Request.Context(), file)
	if err != nil {
		s.cfg.Files.Forget(file.ID)
	}
	return line, err
}

// slowBody reads a body that may take longer than other requests, as long as it keeps coming.
type slowBody struct {
	from    io.Reader
	control *http.ResponseController
	until   time.Time
	failed  bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	deadline := time.Now().Add(uploadPatience)
	if b.until.Before(deadline) {
		deadline = b.until
	}
	_ = b.control.SetReadDeadline(deadline) // without it the server's own holds
	n, err := b.from.Read(p)
	if err != nil && err != io.EOF {
		b.failed = true
	}
	return n, err
}

// download gives a file to whoever holds a link to it that is still good.
func (s *Server) download(c *gin.Context) {
	room, err := parseRoom(c.Param("room"))
	link, ok := s.verified(c.Query("key"), time.Now())
	switch {
	case err == nil && (!ok || link.Room != room || link.File != c.Param("file")):
		err = refuse(protocol.CodeForbidden, "This link is no longer good: ask for another one.")
	case err == nil && s.cfg.Files == nil:
		err = refuse(protocol.CodeNotFound, "There is no such file.")
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	file, err := s.cfg.Files.Open(link.File)
	if errors.Is(err, fs.ErrNotExist) {
		err = refuse(protocol.CodeNotFound, "There is no such file.")
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	defer func() { _ = file.Close() }() // it was only read
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloadTime))
	harmless(c.Writer.Header(), link)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, file)
}

// harmless has browsers save a file rather than open it, and show pictures
// without letting them do anything.
func harmless(h http.Header, link linkClaims) {
	disposition := "attachment"
	if link.Shown {
		disposition = "inline"
	}
	h.Set("Content-Type", link.Type)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": link.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, max-age=900")
}

// fileTicket answers the wish to send a file.
func (c *conn) fileTicket(ctx context.Context, m protocol.ClientMessage) error {
	var wish protocol.FileWish
	if err := decode(m.Data, &wish); err != nil {
		return err
	}
	ticket, err := c.session.Attach(ctx, rooms.Attachment{
		Message: rooms.Message{Text: wish.Text, Nonce: wish.Nonce, To: wish.To, Reply: wish.Reply}, Name: wish.Name, Size: wish.Size,
	})
	if err != nil {
		return err
	}
	room := c.session.Welcome().Room
	return c.reply(protocol.ServerMessage{Type: protocol.TypeFileTicketed, Re: m.ID, Data: protocol.FileTicket{
		Ticket: ticket.Secret, URL: "/api/v1/rooms/" + url.PathEscape(room) + "/files", Expires: millis(ticket.Expires),
	}})
}

// fileLink answers the wish to see a file.
func (c *conn) fileLink(ctx context.Context, m protocol.ClientMessage) error {
	var target protocol.ChatTarget
	if err := decode(m.Data, &target); err != nil {
		return err
	}
	file, err := c.session.File(ctx, target.Line)
	if err != nil {
		return err
	}
	link := c.server.linkTo(c.session.Welcome().Room, file, time.Now())
	return c.reply(protocol.ServerMessage{Type: protocol.TypeFileLinked, Re: m.ID, Data: link})
}
