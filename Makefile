# octolink. `make help` lists what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := build

GO ?= go
# go-sqlite3 is C; without a compiler the build must say so and not make a program without a database.
export CGO_ENABLED ?= 1

GOLANGCI_LINT_VERSION := $(shell sed -n '1s/.*golangci-lint \(v[0-9.]*\).*/\1/p' .golangci.yml)
GOLANGCI_LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

FUZZTIME ?= 20s
# The packages that must build without a C compiler: all but the database and the program.
PURE = $(shell $(GO) list ./... | grep -v -e /store$$ -e /cmd/)

# The package that plays a real client.
INTEROP = $(shell grep -rl --include='*_test.go' '^func TestInterop' . | xargs -rn1 dirname | sort -u)

# The generators of plugins/proto, and where they are built.
PROTO_TOOLS = github.com/bufbuild/buf/cmd/buf@v1.69.0 google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
PROTO_BIN ?= $(CURDIR)/bin/proto

.PHONY: build run test check fmt vet vet-pure lint race docs docs-check proto proto-tools proto-check fuzz interop bench-peers clean help

build: ## build bin/octolink
	$(GO) build -o bin/octolink ./cmd/octolink

run: build ## build and start the demo on 127.0.0.1
	bin/octolink serve

test: ## run the tests
	$(GO) test ./...

check: fmt vet vet-pure lint race docs-check ## everything that must hold before a commit

fmt: ## fail when a file is not formatted
	@files="$$(find . -name '*.go' -not -path './.*' -print0 | xargs -0 gofmt -l)"; \
	if [ -n "$$files" ]; then echo "gofmt these files:"; echo "$$files"; exit 1; fi

vet: ## go vet
	$(GO) vet ./...

vet-pure: ## go vet without cgo: only the database and the program may need it
	CGO_ENABLED=0 $(GO) vet $(PURE)

lint: ## golangci-lint in the version that .golangci.yml names
	$(GOLANGCI_LINT) run ./...

race: ## run the tests under the race detector
	$(GO) test -race ./...

docs: ## write docs/reference from the method and event tables
	$(GO) run ./cmd/octolink reference

docs-check: ## fail when docs/reference is not what the tables say
	@before="$$(mktemp -d)"; trap 'rm -rf "$$before"' EXIT; \
	mkdir -p docs/reference && cp -R docs/reference/. "$$before" && \
	$(MAKE) --no-print-directory docs && \
	if ! diff -r "$$before" docs/reference; then \
		echo "docs/reference was out of date; it has been written again: look at it and commit it"; exit 1; \
	fi

proto-tools:
	@mkdir -p $(PROTO_BIN)
	@for tool in $(PROTO_TOOLS); do name="$${tool%@*}"; \
		[ -x "$(PROTO_BIN)/$${name##*/}" ] || CGO_ENABLED=0 GOBIN="$(PROTO_BIN)" $(GO) install "$$tool" || exit 1; done

proto: proto-tools ## generate the Go code of plugins/proto
	cd plugins/proto && PATH="$(PROTO_BIN):$$PATH" buf generate

proto-check: proto-tools ## lint plugins/proto, compare it with the released contract and with its generated code
	cd plugins/proto && PATH="$(PROTO_BIN):$$PATH" && export PATH && \
	buf lint && buf breaking --against released.binpb && \
	made="$$(mktemp -d)" && trap 'rm -rf "$$made"' EXIT && buf generate -o "$$made" && \
	for kind in base crm host pbx; do diff -r "$$made/$$kind" "$$kind" || { echo "run make proto and commit what it writes"; exit 1; }; done

# Now and then Go's fuzzing takes the end of its own time for a failure of the target, "context deadline
# exceeded", with no failing input. Only that is let pass.
fuzz: ## run every fuzz target for FUZZTIME (20s)
	@set -euo pipefail; \
	grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file func; do \
		name="$${func#func }"; dir="$$(dirname "$$file")"; \
		echo "fuzz $$dir $$name for $(FUZZTIME)"; \
		log="$$(mktemp)"; \
		if ! $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$dir" </dev/null 2>&1 | tee "$$log"; then \
			grep -q 'context deadline exceeded' "$$log" && ! grep -qE 'Failing input|panic' "$$log" || exit 1; \
			echo "that was the end of the time, not a failure of $$name"; \
		fi; \
		rm -f "$$log"; \
	done

interop: ## play a day of calls with a real oktell.js: make interop OKTELL_JS=FILE
	@test -n "$(OKTELL_JS)" || { echo "say where it is: make interop OKTELL_JS=path/to/oktell.js"; exit 2; }
	@test -n "$(INTEROP)" || { echo "no test is named TestInterop"; exit 1; }
	OKTELL_JS="$(abspath $(OKTELL_JS))" $(GO) test -count=1 -v -run '^TestInterop' $(INTEROP)

# A peer that cannot be built is left out, and the table says so.
# QUICK=1 for short windows, ONLY=rpc,idle for some lines, JSON=FILE and MARKDOWN=FILE for where the table goes.
bench-peers: build ## measure octolink beside bun, ws, gobwas and a bare epoll echo
	@mkdir -p bench/bin
	-npm --prefix bench/bun ci --ignore-scripts --no-audit --no-fund
	-npm --prefix bench/ws ci --ignore-scripts --no-audit --no-fund
	-cd bench/gobwas && GOWORK=off $(GO) build -o ../bin/gobwas .
	-$(CC) -O2 -Wall -Wextra -o bench/bin/echo bench/epoll/echo.c
	bin/octolink bench peers --dir bench --json $(or $(JSON),bench/results/peers.json) \
		$(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

clean: ## remove what make has built
	rm -rf bin bench/bin bench/results

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
