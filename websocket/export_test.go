package websocket

// PoisonBuffers tells tests what kind of build this is.
const PoisonBuffers = poisonBuffers
