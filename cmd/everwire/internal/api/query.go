package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// readQuery reads a query that may have the names given, each once.
func readQuery(raw string, names ...string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("the query cannot be read: a %% must be followed by two hexadecimal digits, and there is no semicolon")
	}
	for name, all := range values {
		switch {
		case !slices.Contains(names, name):
			return nil, badRequest("there is no parameter %q", short(name))
		case len(all) > 1:
			return nil, badRequest("the parameter %q is there twice", name)
		}
	}
	return values, nil
}

// limit reads how many are asked for: usual if the query does not say, at most most.
func limit(values url.Values, usual, most int) (int, error) {
	text := values.Get("limit")
	if text == "" && !values.Has("limit") {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badRequest("%s", fmt.Sprintf("limit is a number from 1 to %d", most))
	}
	return n, nil
}
