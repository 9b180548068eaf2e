// Package house holds the tests that keep the layout of the project as
// docs/architecture.md draws it.
package house
