// Package observe has several Observers see the connections of one Server, which has room for one: metrics and the
// status page of "everwire serve" each bring theirs.
package observe
