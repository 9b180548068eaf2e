# Palabre: "make run" from a fresh clone serves http://localhost:8080, "make test" runs everything there is to test.

GO    ?= go
TAGS  := -tags nomsgpack
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
export CGO_ENABLED ?= 0

.PHONY: help run build web test check unit go-test databases e2e browsers catalogue fuzz bench soak generate screenshots clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## install, build and serve on http://localhost:8080
	./bin/palabre serve

build: web ## one self-contained binary at bin/palabre
	$(GO) build $(TAGS) -trimpath -ldflags '$(LDFLAGS)' -o bin/palabre ./cmd/palabre

web: web/node_modules/.installed ## the pages, built into web/dist
	cd web && npm run --silent build

web/node_modules/.installed: web/package-lock.json web/package.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

test: check unit build go-test bench-gate e2e ## everything there is to test
	@echo "all tests passed"

check: web/node_modules/.installed ## formatting, vet, static analysis, types, generated files
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet $(TAGS) ./...
	$(GO) tool staticcheck -tags nomsgpack ./...
	cd web && npm run --silent check
	GOOS=darwin $(GO) build $(TAGS) -o /dev/null ./cmd/palabre
	GOOS=windows $(GO) build $(TAGS) -o /dev/null ./cmd/palabre

unit: web ## the page's unit tests, and what the built page weighs
	cd web && npm run --silent test

databases: ## PostgreSQL for the tests of the store, by apt where it is missing
	store/storetest/postgres.sh

go-test: databases ## the Go tests with the race detector
	CGO_ENABLED=1 $(GO) test $(TAGS) -race -run '^$$' ./... >/dev/null # builds with all cores
	@# One package at a time, as some measure; the soak, which mostly waits, goes on beside the first of them.
	@soak=$$(mktemp) && trap 'rm -f '$$soak EXIT && export CGO_ENABLED=1 && \
	{ $(GO) test $(TAGS) -race -timeout 20m -run '^TestS02_' ./cmd/palabre >$$soak 2>&1 & } && \
	$(GO) test $(TAGS) -race -p 1 -timeout 20m -skip '^TestS02_' ./... ; status=$$? ; \
	wait $$! ; waited=$$? ; cat $$soak ; exit $$((status | waited))
	$(GO) test $(TAGS) -timeout 20m ./sfu -pion # what holds on the fast path holds on Pion's

browsers: ## Chromium and Firefox ESR, by apt where they are missing
	web/e2e/browsers.sh

e2e: browsers build ## real browsers in real meetings
	cd web && npm run --silent e2e

# The items this version promises; see docs/architecture.md.
CATALOGUE := N1 N2 N3 N4 N5 N6 N7 N8 N9 N10 N11 N12 N13 N14 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P13 P14 P15 P16 P17 P18 W1 W2 W3 W4 W5 W6 W11 W12 W15 W18 F4 F5 F15 F16 F17 F18 S1 S2 S3 F1 F2 F6 F7 S6 S7 W7 W10 W19 F11 F13 F14 W16 S4 W8 W9

catalogue: browsers databases build ## the catalogue of faults and attacks, as a table
	@out=$$(mktemp) && trap 'rm -f '$$out EXIT && \
	{ CGO_ENABLED=1 FUZZTIME=$(FUZZTIME) $(GO) test $(TAGS) -race -count=1 -v -timeout 30m -run '^Test[NFCPWS][0-9][0-9]_' ./... ; \
	  $(GO) test $(TAGS) -count=1 -v -timeout 10m -run '^TestF1[67]_' ./cmd/palabre ; \
	  npm --prefix web run --silent e2e -- catalogue ; } >$$out 2>&1 ; \
	$(GO) run ./internal/catalogue/table $(CATALOGUE) <$$out || { grep -E '^(---|\s+---|FAIL|panic)' $$out ; exit 1 ; }

SOAK ?= 30m
soak: ## a call of SOAK with people who come and go, with the race detector: what grows?
	CGO_ENABLED=1 SOAK=$(SOAK) $(GO) test $(TAGS) -race -count=1 -v -timeout 24h -run '^TestS02_' ./cmd/palabre

FUZZTIME ?= 50000x
fuzz: ## every parser's fuzz target for FUZZTIME each
	@for package in $$($(GO) list $(TAGS) ./...) ; do \
	  for target in $$($(GO) test $(TAGS) -list '^Fuzz' $$package | grep '^Fuzz') ; do \
	    echo "$$package $$target" ; \
	    $(GO) test $(TAGS) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package || exit 1 ; \
	  done ; done

bench: ## what a packet costs, beside the machine's own floor and Pion's way
	@GO='$(GO)' $(GO) run ./internal/bench/table $(TAGS) -count 3 ./internal/bench/floor ./sfu/...

bench-gate: ## fails when a packet allocates, or costs over a quarter more of the floor than it did
	@GO='$(GO)' $(GO) run ./internal/bench/table $(TAGS) -benchtime 200ms -gate internal/bench/baseline.json

bench-baseline: ## what is measured now becomes the gate's baseline
	@GO='$(GO)' $(GO) run ./internal/bench/table $(TAGS) -gate internal/bench/baseline.json -save

generate: ## types, configuration table
	$(GO) generate $(TAGS) ./...
	$(GO) run $(TAGS) ./cmd/palabre settings >docs/configuration.md.new && mv docs/configuration.md.new docs/configuration.md

screenshots: browsers build ## docs/screenshots from a real meeting
	cd web && SCREENSHOTS=1 npm run --silent e2e

clean:
	rm -rf bin web/node_modules web/dist/assets web/dist/*.html web/dist/*.br web/dist/*.gz

.PHONY: load-table
load-table: build ## every workload of "palabre load" with the server on a core of its own, as a table
	internal/load/table.sh $(WORKLOADS)
