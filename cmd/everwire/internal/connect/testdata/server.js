// Echoes, by ws for Node. It writes its port, and ends with its input. What it is told to do otherwise begins with a
// slash. The folder with node_modules is its argument.
const { createRequire } = require("node:module");
const { WebSocketServer } = createRequire(process.argv[2] + "/")("ws");

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  maxPayload: 64 << 20,
  perMessageDeflate: true,
  handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
  verifyClient: ({ req }, done) => (req.url === "/private" ? done(false, 401) : done(true)),
});
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, binary) => {
    const text = binary ? "" : data.toString();
    if (text === "/close") socket.close(4001, "told to");
    else if (text === "/die") socket.terminate();
    else socket.send(data, { binary });
  });
});
process.stdin.resume().on("end", () => process.exit());
