package apitest

import (
	"context"
	"errors"

	"palabre/rooms"
)

// silent is a media plane that answers no offer: the API is about everything else.
type silent struct{}

func (silent) Open(string, string, rooms.MediaReport) (rooms.MediaPeer, error) { return mute{}, nil }

// mute has the methods a person without media needs; nobody calls the others.
type mute struct{ rooms.MediaPeer }

func (mute) Answer(context.Context, rooms.Offer) (string, error) {
	return "", errors.New("this test has no media")
}
func (mute) Enter(context.Context) error { return nil }
func (mute) SetLayout(rooms.Layout)      {}
func (mute) SetSending(rooms.Sending)    {}
func (mute) Move(string)                 {}
func (mute) Stats() rooms.MediaStats     { return rooms.MediaStats{} }
func (mute) Close() error                { return nil }
