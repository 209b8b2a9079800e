# Everwire. Say `make help`.

# A root ./... sees only the root module, so what concerns all of them loops.
MODULES := . bench cmd/everwire compat/gorilla/sidebyside examples/frameworks examples/opentelemetry hub/nats websocket/frame/_asm
each = set -e; for m in $(MODULES); do echo "== $$m: $(1)"; (cd $$m && $(1)); done

# The packages of all of them in one run, so that none waits for another module's last; those that take longest first.
PACKAGES := ./cmd/everwire/internal/browser ./conformance ./interop ./websocket ./cmd/everwire/internal/cli ./deploy \
	./hub/nats ./internal/readme $(patsubst %/_asm/...,%/_asm,$(MODULES:%=./%/...))
# Twice as many of them at a time as there are processors: what waits for a peer, a browser or a cluster needs none.
AT_ONCE = $$((2 * $$(getconf _NPROCESSORS_ONLN)))

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.1
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@latest
FUZZTIME ?= 30s

.PHONY: help test race shake lint vuln tools fuzz mutate mutate-pages soak hostile chaos stress long bench measure million peers deploy-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

test: tools ## install what the tests need, and run them all: with a browser, other software and proxies, none skipped
	@EVERWIRE_TEST_ALL=1 go test -p $(AT_ONCE) -timeout 600s $(PACKAGES)
	@echo "== the assembly's fall-backs, and that for arm64 under qemu"
	@go test -tags purego ./websocket/frame ./internal/protocol
	@GODEBUG=cpu.avx2=off go test ./websocket/frame
	@GOARCH=arm64 go test -exec qemu-aarch64 -timeout 280s ./websocket/frame

race: ## run all tests under the race detector
	@go test -race -timeout 900s $(PACKAGES)

shake: tools ## run all tests with pauses put into the code, as a busy machine makes them, at places that SEED says (any)
	@EVERWIRE_TEST_ALL=1 go run ./scripts/shake -seed $${SEED:-0} go test -count=1 -p $(AT_ONCE) -timeout 900s $(PACKAGES)

lint: ## gofmt, go vet, staticcheck, and each module builds by itself
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { echo "gofmt would change:"; echo "$$bad"; exit 1; }
	@$(call each,go vet ./...)
	@echo "== js/wasm: go vet"
	@GOOS=js GOARCH=wasm go vet ./websocket/... ./examples/...
	@cd cmd/everwire && GOOS=js GOARCH=wasm go vet ./internal/browser/wasm
	@echo "== other systems: go vet"
	@GOARCH=arm64 go vet ./websocket/... ./internal/engine
	@GOOS=darwin go vet ./websocket/... ./internal/engine
	@GOOS=windows go vet ./websocket/...
	@for s in darwin/arm64 freebsd/amd64 netbsd/amd64 openbsd/amd64 dragonfly/amd64; do \
		GOOS=$${s%/*} GOARCH=$${s#*/} go vet -tags everwire_kqueue ./internal/engine ./websocket || exit 1; done
	@$(call each,go run $(STATICCHECK) ./...)
	@$(call each,GOWORK=off go build -o /dev/null ./...)

vuln: ## govulncheck, where it and its database can be had
	@scripts/vulncheck $(GOVULNCHECK) $(MODULES)

tools: ## install what the tests need: chromium, node with its packages, other WebSocket software, proxies
	@scripts/install-test-tools

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

mutate: ## put faults into the library one by one, and see a test fail each time
	@go run ./scripts/mutate library

mutate-pages: tools ## break the demos in twelve ways, one by one, and see a browser test fail each time
	@go run ./scripts/mutate

soak: ## 10,000 idle sockets and 50 rooms of 20 for a minute, every delivery counted
	go run ./bench/rooms

hostile: ## 5,000 hostile peers of all kinds for a minute, while 100 honest ones talk: to Sockets, then to Conns
	go run ./bench/hostile

chaos: ## three nodes that are killed, stopped and cut off for two minutes, while 3,000 members must miss nothing
	go run ./bench/chaos

stress: ## everything at random at once, for EVERWIRE_STRESS (1h), from seeds that are printed
	EVERWIRE_STRESS=$${EVERWIRE_STRESS:-1h} go test -run TestStressLong -timeout 0 ./websocket/

long: ## the everyday tests at full size: messages of 1 GiB, the conformance cases that move gigabytes
	EVERWIRE_LONG=1 go test -timeout 1200s ./websocket/ ./conformance/

# Its module is in no workspace: Helm and Kubernetes would choose everybody's versions.
deploy-check: tools ## check the Helm chart and the container file with Helm's, Kubernetes' and BuildKit's own code (3 minutes to compile)
	cd deploy/check && EVERWIRE_TEST_ALL=1 GOWORK=off go test -timeout 900s ./...

peers: tools ## judge other libraries' servers by the conformance suite, and write the table of docs/conformance.md
	go run ./bench/peers -doc docs/conformance.md

measure: ## measure servers side by side, and write docs/performance.md (an hour and a half)
	go run ./bench -out docs

million: ## a million idle connections to one server, and a message to all of them
	go run ./bench/million

bench: ## the benchmarks of the library, with allocations
	go test -run '^$$' -bench . -benchmem ./websocket/... ./internal/...
