'use strict';

// A server that does what the test says: see ../doc.go.

const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');
const { run, tell, scenarios, follow, given, compression } = require('./driver');

run({
  listen(id, { socket, cert, key, subprotocols, choose, headers = {}, refuse, maxMessage, deflate }) {
    const server = key ? https.createServer({ cert, key }) : http.createServer();
    const options = { server, maxPayload: maxMessage, perMessageDeflate: compression(deflate) };
    if (subprotocols) {
      options.handleProtocols = (offered) => subprotocols.find((name) => offered.has(name));
    }
    if (choose) options.handleProtocols = () => choose;
    if (refuse) {
      options.verifyClient = (_, answer) => answer(false, refuse.status, refuse.body, refuse.headers);
    }
    const sockets = new WebSocketServer(given(options));
    sockets.on('headers', (lines) => {
      for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    });
    sockets.on('connection', (ws, request) => {
      const { url: path, headers } = request;
      tell(id, 'open', { subprotocol: ws.protocol, extensions: ws.extensions, headers, path });
      follow(id, ws);
    });
    server.listen(socket ? { path: socket } : { host: '127.0.0.1', port: 0 }, () => {
      const scheme = key ? 'wss' : 'ws';
      const url = socket ? `ws+unix://${socket}:` : `${scheme}://127.0.0.1:${server.address().port}`;
      tell(id, 'listening', { url });
    });
    scenarios.set(id, { server });
  },
});
