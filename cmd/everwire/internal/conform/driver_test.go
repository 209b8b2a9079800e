package conform

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/everwire/everwire/websocket"
)

// driver is a client by the classic suite's protocol, as they are written for it.
func driver(suite string) int {
	ctx := context.Background()
	agent := url.Values{"agent": {"the test's client"}}.Encode()
	c, err := websocket.Dial(ctx, suite+"/getCaseCount", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	_, count, err := c.Read(ctx)
	c.Close(websocket.CloseNormal, "")
	n, bad := strconv.Atoi(string(count))
	if err != nil || bad != nil {
		fmt.Fprintln(os.Stderr, "no count:", err, bad)
		return 3
	}
	for i := 1; i <= n; i++ {
		c, err := websocket.Dial(ctx, fmt.Sprintf("%s/runCase?case=%d&%s", suite, i, agent), nil)
		if err != nil {
			continue
		}
		for m, err := range c.Messages(ctx) {
			if err != nil || c.Write(ctx, m.Type(), m.Bytes()) != nil {
				break
			}
		}
		c.Close(websocket.CloseNormal, "")
	}
	c, err = websocket.Dial(ctx, suite+"/updateReports?"+agent, nil)
	if err != nil {
		return 3
	}
	c.Read(ctx)
	c.Close(websocket.CloseNormal, "")
	return 0
}
