//go:build !linux

package main

const asServer = "TEST_BINARY_IS_PALABRE"

func beServer() { main() }
