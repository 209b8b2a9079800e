// Package record is how the fault run writes down what came over the sockets, and how its checker reads it: a
// directory with a file for each member, and one for each publisher.
//
// A file has a line for each thing that happened, as words with spaces between; the first says whose it is.
// Times are nanoseconds since 1970.
//
//	member NAME ROOM
//	open TIME NODE                                       a connection was opened to a node
//	joined TIME EPOCH OFFSET MISSED                      the room was joined
//	message TIME EPOCH OFFSET ID PUBLISHER NUMBER SENT   a message came, with what its publisher wrote into it
//	tooold TIME                                          a position was not honoured
//	closed TIME WHY                                      the connection ended
//
//	publisher NAME ROOM
//	sent TIME NUMBER ID NODE                             an attempt to publish
//	ack TIME NUMBER ID EPOCH OFFSET                      a message was acknowledged
//
// Texts of others are escaped, so that they are one word. A third file, faults, says when something was done
// to the nodes, as "fault FROM TO KIND": for figures of the times between.
package record
