// Package auth says who may connect to the chat of "everwire serve", which rooms they may join and publish to, until
// when, and how much.
//
//	a token ─ TokenOf, or the first message ─▶ Authenticator ─▶ Grant ─▶ MayJoin, MayPublish, Expire
//
//	grant.go          Grant: what somebody may do, as patterns of rooms' names
//	authenticator.go  Authenticator, and the three ways it says no
//	token.go          where a request has its token
//	guard.go          Guard has a websocket.Server ask for tokens in its handshakes
//	expire.go         Expire ends a connection some time after its grant has
//	log.go            Logged writes down why tokens were refused
//	jwt.go            JWT: tokens signed by somebody whose keys are known
//	claims.go         what a JWT says, as a Grant
//	keys.go           keys and the algorithms that each is good for; PEM and secrets
//	jwks.go           sets of keys in JSON
//	keyfile.go        files of keys, read again when they change
//	webhook.go        Webhook: tokens that another program judges over HTTP
//	limits.go         Limits for users, connections and rooms; Counter and Seat keep them
//	ledger.go         what a Counter knows of users and rooms, and when it forgets them
//
// Tokens and keys are never in an error or a log line. What a peer is told is [Word]: "unauthorized", "expired" or
// "unavailable"; why is for the operator.
package auth
