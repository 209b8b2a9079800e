// Says hello, by ws for Node, and writes what comes until the end. The folder with node_modules and the URL are its
// arguments.
const { createRequire } = require("node:module");
const WebSocket = createRequire(process.argv[2] + "/")("ws");

const socket = new WebSocket(process.argv[3]);
socket.on("open", () => socket.send("hello"));
socket.on("message", (data) => console.log(data.toString()));
socket.on("close", (code) => console.log("closed " + code));
