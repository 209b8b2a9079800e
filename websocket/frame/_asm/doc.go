// Command _asm writes the assembly of the package frame for amd64 with AVX2: the files of the folder
// above whose first line says that they are generated. It is a module of its own so that the library
// does not require avo, which it is written with. Run it by
//
//	go generate ./websocket/frame
//
// in the folder of the library's go.mod. The test of this module fails while those files are not what it
// writes.
package main
