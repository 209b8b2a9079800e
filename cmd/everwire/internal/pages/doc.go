// Package pages holds the web pages of "everwire serve": an index, one page per demo, and the status page.
//
// A demo's page is served at the same path as the demo's WebSocket endpoint, so /echo is both: a browser that
// visits gets the page, and the page's script opens a WebSocket to the path it came from.
//
//	html/layout.html   what all pages share: head, header, footer
//	html/NAME.html     what is particular to one page
//	static/NAME.js     that page's script, written to be read with View Source
//	static/style.css   the one style sheet
//
// The chat's page has a second script, static/chat-client.js, which speaks everwire.chat.v1 for any page; and
// [Chat] serves it for a chat on several nodes.
//
// Everything is embedded and rendered once, when the program starts. No page uses an inline script, an inline
// style or anything from another origin, so the Content-Security-Policy sent with them allows none of these.
//
// To add a demo: a row in demos (render.go), html/NAME.html and static/NAME.js. The header and the index list
// it, and the tests check it like the others.
package pages
