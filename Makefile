# One place for every command of the house. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The Arrow face of the DuckDB driver stands behind this tag. Without it everything works, loading is slower.
export GOFLAGS := -tags=duckdb_arrow
UI      := web/ui
LDFLAGS := -s -w
# Everything the demonstration keeps lies here; FUNDWATCH_DATA names another place.
DATA    ?= $(or $(FUNDWATCH_DATA),data)
PERSONS ?= 270000

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## set everything up and watch a synthetic province being supervised
	bin/fundwatch demo --data $(DATA) --persons $(PERSONS)

.PHONY: build
build: ## leave one binary at bin/fundwatch
	@$(MAKE) --no-print-directory -j2 ui warm
	@echo "== linking bin/fundwatch"
	@go build -ldflags '$(LDFLAGS)' -o bin/fundwatch ./cmd/fundwatch
	@go build -ldflags '$(LDFLAGS)' -o bin/refcore ./cmd/refcore

# Compiling the packages needs nothing from the pages, so both go on at once.
.PHONY: warm
warm:
	@echo "== compiling the program (the first time fetches and compiles all modules: one to three minutes)"
	@go build -o /dev/null ./cmd/fundwatch ./cmd/refcore

.PHONY: ui
ui: $(UI)/node_modules/.stamp
	@echo "== building the pages"
	@cd $(UI) && npm run --silent build

$(UI)/node_modules/.stamp: $(UI)/package-lock.json
	@echo "== fetching what the pages are built with"
	@cd $(UI) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: test
test: browser ui ## install what the tests need and run them all
	cd $(UI) && npm run --silent check
	go vet ./...
	REQUIRE_BROWSER=1 go test -race -timeout 14m ./...

.PHONY: browser
browser:
	@./scripts/browser.sh

.PHONY: bench
bench: ## measure, as ratios taken in one run (BENCH_PERSONS=2700000)
	go run ./cmd/bench --persons $(or $(BENCH_PERSONS),2700000) --out bench.json

.PHONY: lint
lint: ## the linter, pinned
	GOFLAGS= go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --build-tags duckdb_arrow ./...

.PHONY: generate
generate: ## write generated files anew: warehouse schema, API description and its types
	go test -count=1 ./warehouse -run TestSchemaFilesMatchContract -update
	go test -count=1 ./web -run TestContractDrift -update
	cd $(UI) && npm run --silent api

.PHONY: verify
verify: generate ## fail when generated files do not match their source
	git diff --exit-code -- web/openapi.yaml $(UI)/src/api warehouse/schema

.PHONY: clean
clean: ## remove what was built; the data folder stays
	rm -rf bin $(UI)/node_modules $(UI)/dist/app bench.json
