package api

import "slices"

// Bounds of lists.
const (
	usualRooms = 100
	mostRooms  = 1000
)

// roomList is the answer to rooms.
type roomList struct {
	Node  string `json:"node"`
	Total int    `json:"total"`
	Rooms []room `json:"rooms"`
	Next  string `json:"next,omitempty"` // to be given as after, if there is more
}

type room struct {
	Room    string `json:"room"`
	Members int    `json:"members"` // of this node
}

// rooms lists the rooms that sockets of this node are in, by name.
func (a *API) rooms(c *call) (any, error) {
	query, err := readQuery(c.r.URL.RawQuery, "after", "limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(query, usualRooms, mostRooms)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(a.hub.Rooms(), reserved)
	slices.Sort(names)
	list := roomList{Node: a.hub.Node(), Total: len(names), Rooms: []room{}}
	first, found := slices.BinarySearch(names, query.Get("after"))
	if found {
		first++
	}
	names = names[first:]
	if len(names) > n {
		names, list.Next = names[:n], names[n-1]
	}
	for _, name := range names {
		list.Rooms = append(list.Rooms, room{name, a.hub.Len(name)})
	}
	return list, nil
}
