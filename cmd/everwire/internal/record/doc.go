// Package record is the file format of WebSocket recordings: JSON Lines, an object on each line, version 1.
// docs/inspecting.md describes it for those who read it with other programs.
//
// A [Writer] writes what wire.Events tell, each line with one write, so that nothing is lost when the program ends. A
// [Reader] reads it back and trusts nothing: a line of any size or content is an error at worst.
package record
