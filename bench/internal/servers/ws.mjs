// The server program of ws for Node: the same arguments, words and answers as those of servers.Run.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const flag = (name) => args.includes(name);

const require = createRequire(`file://${option("-packages")}/package.json`);
const { WebSocketServer } = require("ws");

const http = flag("-cert")
  ? createSecureServer({ cert: readFileSync(option("-cert")), key: readFileSync(option("-key")) })
  : createServer();
const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: flag("-deflate") && {
    serverNoContextTakeover: !flag("-takeover"),
    clientNoContextTakeover: !flag("-takeover"),
    threshold: 512, // as that of the others
  },
});
const echo = (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
};
const everybody = new Set();
const broadcast = (socket) => {
  everybody.add(socket);
  socket.on("close", () => everybody.delete(socket));
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    for (const member of everybody) member.send(data, { binary: isBinary });
  });
};
http.on("upgrade", (request, stream, head) => {
  stream.on("error", () => {});
  server.handleUpgrade(request, stream, head, request.url === "/broadcast" ? broadcast : echo);
});
http.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(JSON.stringify({ Addr: `127.0.0.1:${http.address().port}`, Version: require("ws/package.json").version }));
});
createInterface({ input: process.stdin })
  .on("line", (word) => {
    if (word === "members") {
      console.log(everybody.size);
      return;
    }
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    console.log(word);
  })
  .on("close", () => process.exit());
