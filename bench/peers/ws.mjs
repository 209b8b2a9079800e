// An echo server with ws, from interop/node_modules. It prints its URL and ws's version, and ends with its standard input.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../interop/package.json", import.meta.url));
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true, maxPayload: 32 << 20 }, () => {
	console.log(`ws://127.0.0.1:${server.address().port}/`, require("ws/package.json").version);
});
server.on("connection", (socket) => {
	socket.on("error", () => {});
	socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
process.stdin.on("end", () => process.exit()).resume();
