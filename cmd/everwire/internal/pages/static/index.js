"use strict";

// Writes this server's real WebSocket addresses into the page: http://host/ becomes ws://host/echo, and https:
// becomes wss:.
for (const element of document.querySelectorAll("[data-endpoint]")) {
  const page = new URL(element.dataset.endpoint, location.href);
  element.textContent = page.href.replace(/^http/, "ws");
}
