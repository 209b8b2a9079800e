package api

import (
	_ "embed"
	"encoding/json"
)

//go:embed openapi.json
var description []byte

// openapi tells programs what the API is.
func (a *API) openapi(c *call) (any, error) {
	if _, err := readQuery(c.r.URL.RawQuery); err != nil {
		return nil, err
	}
	return json.RawMessage(description), nil
}
