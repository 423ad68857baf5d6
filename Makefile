# The two commands of the README and what they need. `make help` lists them.
SHELL := /bin/bash
TSX := node --import tsx
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help demo test check setup

help:
	@echo "make demo          run the story in the sandbox and keep it up; ONCE=1 ends after the story (exit 0 if it went as it must)"
	@echo "make test          everything that CI runs; ends with 'N passed, N failed'"
	@echo "                   CONTROL_PLANE=none leaves out the tests on a real Kubernetes control plane"
	@echo "make check         format, types, lint, unused code, architecture"
	@echo "make setup         install dependencies"

$(INSTALLED): package.json package-lock.json
	@command -v npm >/dev/null || { echo "penstock: npm is missing: install Node.js 20.19 or newer (Debian: apt-get install -y nodejs npm)" >&2; exit 1; }
	npm ci --no-audit --no-fund
	@touch $(INSTALLED)

setup: $(INSTALLED)

demo: setup
	@$(TSX) sandbox/story/main.ts $(if $(ONCE),--once) $(ARGS)

check: setup
	npm run -s check

test: check
	@$(TSX) test/prerequisites.ts $(if $(filter none,$(CONTROL_PLANE)),--no-control-plane)
	@$(TSX) test/run.ts --node24 unit sim $(if $(filter none,$(CONTROL_PLANE)),component,component e2e) $(if $(filter none,$(CONTROL_PLANE)),--left-out e2e)
