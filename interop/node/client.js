'use strict';

// A client that does what the test says: see ../doc.go.

const { WebSocket } = require('ws');
const { run, tell, scenarios, follow, given, compression } = require('./driver');

run({
  connect(id, { url, subprotocols = [], headers, origin, ca, maxMessage, deflate }) {
    const options = { headers, origin, ca, maxPayload: maxMessage, perMessageDeflate: compression(deflate) };
    const ws = new WebSocket(url, subprotocols, given(options));
    let answer;
    ws.on('upgrade', (response) => {
      answer = response.headers;
    });
    ws.on('open', () => {
      tell(id, 'open', { subprotocol: ws.protocol, extensions: ws.extensions, headers: answer });
    });
    ws.on('unexpected-response', async (_, response) => {
      const body = Buffer.concat(await response.toArray()).toString();
      tell(id, 'refused', { status: response.statusCode, headers: response.headers, body });
      ws.terminate();
    });
    scenarios.set(id, {});
    follow(id, ws);
  },
});
