// Package check has the tests of the container file and the Helm chart beside it, which need other people's libraries:
// Helm's own, the types of Kubernetes' API, and the parser that Docker builds with. It is a module of its own, and none of
// the workspace's, so that nobody else gets their versions:
//
//	cd deploy/check && GOWORK=off go test ./...
package check
