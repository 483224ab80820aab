# Needs Node >= 20.19, npm and make. `make` alone lists the targets.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help install build demo demo-cluster run test test-all test-quick test-every bench lint format clean check-node

PORT ?= 8003
CAMERAS ?= 4

# Directories are prerequisites too: their time changes when a file is added, renamed or removed.
# (`bench/.`, since plain `bench` is a target below.)
SOURCES := $(shell find src/. workers/. bench/. test/. \( -path bench/./results -o -path bench/./plots -o -path bench/./RESULTS.md \) -prune -o -print 2>/dev/null)

# What lint and prettier look at besides.
LINTED := $(wildcard *.js *.json .*.json .prettierignore .eslint/*) $(shell find docker -type f 2>/dev/null)

help: ## list the targets
	@echo 'rtsp-stream-ws: RTSP cameras as JPEGs over WebSocket'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  Settings go behind the target:  make demo CAMERAS=16 PORT=8013'
	@echo '                                  make run PORT=8013 LOG_LEVEL=debug'

# Written so that a Node of any age can read it and say what is wrong.
NODE_CHECK := var v = process.versions.node.split("."), old = v[0] < 20 || (v[0] == 20 && v[1] < 19); \
  if (old) console.error("Node.js " + process.versions.node + " is too old: install 20.19 or newer."); \
  process.exit(old ? 1 : 0);

check-node:
	@command -v node >/dev/null 2>&1 || { \
	  echo 'Node.js is missing: install Node 20.19 or newer (it brings npm), then try again.' >&2; exit 1; }
	@command -v npm >/dev/null 2>&1 || { \
	  echo 'npm is missing: install it (Node.js from nodejs.org brings it), then try again.' >&2; exit 1; }
	@node -e '$(NODE_CHECK)'

# Only when the wanted packages changed: the stamp lies in node_modules and goes with it.
node_modules/.install-stamp: package.json package-lock.json | check-node
	@echo '> installing packages (npm ci)'
	@npm ci --include=dev --ignore-scripts --no-audit --no-fund
	@touch $@

dist/.build-stamp: node_modules/.install-stamp package.json tsconfig.json $(SOURCES) | check-node
	@echo '> building (and checking types)'
	@npm run --silent build
	@touch $@

install: check-node node_modules/.install-stamp ## npm ci, if package.json or the lock file changed

build: check-node dist/.build-stamp ## compile to dist/, if a source changed

demo: build ## four virtual cameras and the service: open the address it prints (CAMERAS=4 PORT=8003)
	@node dist/bench/demo/main.js --cameras $(CAMERAS) --port $(PORT)

demo-cluster: CAMERAS = 6
demo-cluster: build ## a NATS server, three nodes and virtual cameras: needs nats-server (CAMERAS=6 PORT=8003)
	@node dist/bench/demo-cluster/main.js --cameras $(CAMERAS) --port $(PORT)

run: build ## the service alone; its settings are environment variables (README)
	@node dist/src/main.js

# Lint works on one core while the other builds and begins with the tests; it is left out when nothing changed.
test: install ## lint, types, every test that needs no long real time (under 100 s on two cores)
	@$(MAKE) -j2 dist/.lint-stamp test-quick

test-all: install ## `test`, then what takes real time: rates, faults, browsers, foreign servers (some 16 minutes)
	@$(MAKE) -j2 dist/.lint-stamp test-every

test-quick: build
	@node dist/test/run.js quick

test-every: build
	@node dist/test/run.js

bench: build ## measure this machine: cameras, viewers, latency, memory
	@node dist/bench/run/main.js

dist/.lint-stamp: node_modules/.install-stamp $(SOURCES) $(LINTED)
	@npm run --silent lint
	@mkdir -p dist && touch $@

lint: install ## eslint and prettier, no warning allowed
	@npm run --silent lint

format: install ## rewrite the sources as prettier wants them
	@npm run --silent format

clean: ## remove what was built and installed
	rm -rf dist node_modules
