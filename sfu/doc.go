// Package sfu is the media plane: it takes RTP in and sends RTP out, and
// decides which stream each participant receives in which quality.
//
// A client makes one PeerConnection and is the only one to offer. Its offer
// holds what it may send and a number of receive-only seats; the server
// decides who sits in which seat and rewrites the streams so that every seat
// looks like one endless stream. Somebody joining, leaving or being pinned
// costs no SDP.
//
// The way of a packet: the connection's reader (package transport) decrypts
// it and hands it to the publisher's shard, which orders, caches and measures
// it; the shards of those who see the publisher choose a layer, rewrite and
// send. Package shard holds that part. State has one owner and no locks.
package sfu
