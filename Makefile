# The commands of this project; `make help` lists them. Two matter: `make demo` and `make test`.
# Each does its own set-up: tools that are not on PATH are unpacked into target/tools.

SHELL := /bin/sh
.DEFAULT_GOAL := help

export PAYNAME_TOOLS := $(CURDIR)/target/tools/bin
export PATH := $(PAYNAME_TOOLS):$(PATH):$(HOME)/.cargo/bin

# On CI the lock file is the law, and every failure is shown, not only the first.
LOCKED := $(if $(CI),--locked)
PROFILE := $(if $(CI),ci,default)

# Cargo uses all cores already, and the steps of `test` have an order.
.NOTPARALLEL:

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Register, prove and pay a name on a private internet, from nothing, and explain it
	@tests/setup/demo

# Tests start our own programs, which `cargo nextest` builds only for packages with tests beside them.
.PHONY: test
test: setup lint deny ## Everything CI runs: set-up, lint, licences, tests, documentation's examples, WebAssembly
	cargo build $(LOCKED) --workspace --bins --tests
	cargo nextest run $(LOCKED) --workspace --profile $(PROFILE)
	cargo test $(LOCKED) --workspace --doc
	$(MAKE) --no-print-directory wasm

.PHONY: setup
setup: ## Install what the tests need into target/tools; quick when it is there
	@tests/setup/install

.PHONY: lint
lint: ## Formatting, clippy and documentation without warnings, and the resolver with fewer features
	cargo fmt --all -- --check
	cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings
	for features in '' onion blocking net,onion; do \
	  cargo clippy $(LOCKED) -p payname-resolver --no-default-features --features "$$features" -- -D warnings || exit 1; \
	done
	RUSTDOCFLAGS='-D warnings' cargo doc $(LOCKED) -p payname-resolver --no-deps

.PHONY: man
man: ## The manual pages and completions of `payname`, into target/share
	cargo build $(LOCKED) --release -p payname-cli
	target/release/payname man target/share/man/man1
	@mkdir -p target/share/completions
	for shell in bash elvish fish nushell powershell zsh; do \
	  target/release/payname completions $$shell > target/share/completions/payname.$$shell || exit 1; \
	done

.PHONY: bench
bench: ## How fast a name is proven and read, beside dnssec-prover and the bare signatures
	@tests/setup/install prerequisites
	cargo bench $(LOCKED) -p payname-tests --no-default-features --bench proof

# How many names the zone has; 1000000 takes some minutes and 3 GB.
NAMES ?= 100000
.PHONY: bench-dns
bench-dns: ## Answers, memory and publishing of our nameserver beside Knot, NSD and BIND (NAMES=1000000)
	@tests/setup/install prerequisites authorities
	cargo bench -p payname-zones --bench store -- $(NAMES)
	cargo bench -p payname-zones --bench store -- $(NAMES) compact
	cargo bench -p payname-server --bench authority -- $(NAMES)

.PHONY: bench-pages
bench-pages: ## Pay pages and proofs read, beside a bare handler that returns the same bytes
	@tests/setup/install prerequisites
	cargo bench -p payname-server --bench http -- reads

.PHONY: bench-http
bench-http: ## What HTTP costs: registrations, reads, time to provable, memory of a name, replicas (NAMES=1000000)
	@tests/setup/install prerequisites postgresql
	cargo bench -p payname-server --bench http -- $(NAMES)

.PHONY: bench-restart
bench-restart: ## Restart, durable publication, and answers meanwhile (NAMES=1000000)
	@tests/setup/install prerequisites authorities
	cargo bench -p payname-server --bench restart -- $(NAMES)

# Known vulnerabilities: `make deny CHECKS=advisories`, which fetches the database of advisories and
# is therefore no part of `make test`. Duplicate versions are listed by `cargo deny check bans`.
CHECKS ?= bans licenses sources
.PHONY: deny
deny: ## Licences and origins of all dependencies
	@tests/setup/install prerequisites deny
	cargo deny $(LOCKED) --log-level error check --hide-inclusion-graph $(CHECKS)

# How long, in seconds, and what: any of the targets in tests/fuzz/fuzz_targets.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= message proof verifier name uri anchors psbt transfer restore query
.PHONY: fuzz
fuzz: ## Feed resolver and zones inputs nobody thought of, 60 s a target (FUZZ_SECONDS=600 FUZZ_TARGETS="uri name")
	@tests/setup/install prerequisites fuzz
	@tests/setup/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# The same comparisons are part of `make test`, with 500 changed proofs and 800 questions.
PAYNAME_CASES ?= 20000
PAYNAME_QUESTIONS ?= 10000
.PHONY: differential
differential: ## Compare our verdicts: 20,000 changed proofs, 10,000 questions about random zones
	@tests/setup/install prerequisites judges
	PAYNAME_CASES=$(PAYNAME_CASES) cargo test -p payname-fuzz --test differential changed_proofs -- --nocapture
	PAYNAME_QUESTIONS=$(PAYNAME_QUESTIONS) cargo test -p payname-tests --test it random_zones -- --nocapture

# The same is part of `make test`, with 510 updates.
PAYNAME_UPDATES ?= 5000
.PHONY: gaps
gaps: ## Ask for a name without pause while it changes 5,000 times at BIND, Knot and PowerDNS: never without its record
	@tests/setup/install prerequisites authorities
	PAYNAME_UPDATES=$(PAYNAME_UPDATES) cargo test -p payname-tests --test it publishers::gaps -- --nocapture

# The same is part of `make test`, with 12 kills of one server, 4 of one of two, 6 of each command.
PAYNAME_KILLS ?= 200
.PHONY: kill
kill: ## Kill servers, backups and restores (-9) 200 times at any moment: nothing acknowledged is lost, nothing stays half done
	@tests/setup/install prerequisites postgresql
	PAYNAME_KILLS=$(PAYNAME_KILLS) cargo test $(LOCKED) -p payname-server --test it -- --nocapture --test-threads=2 crash:: broken_off::

.PHONY: wasm
wasm: ## The resolver's core for wasm32 without std; Node.js judges every vector with it
	@tests/setup/install prerequisites wasm
	@tests/setup/wasm

.PHONY: size
size: ## How large a program is that verifies a proof, beside one that does so with dnssec-prover alone
	@tests/setup/install prerequisites
	cargo build $(LOCKED) --profile size -p payname-resolver --no-default-features --example verify_offline
	cargo build $(LOCKED) --profile size -p payname-fuzz --example verify_by_oracle
	@wc -c target/size/examples/verify_offline target/size/examples/verify_by_oracle

# What to change, and the tests that must notice; the verifier unless told otherwise. What survives is in docs/mutants.md.
PACKAGE ?= payname-resolver
FILES ?= $(if $(filter payname-resolver,$(PACKAGE)),resolver/src/proof/**)
MUTANTS ?= $(if $(filter payname-resolver,$(PACKAGE)),--no-default-features --features std \
	--cargo-arg=--lib --cargo-arg=--test=it)
.PHONY: mutants
mutants: ## Change the verifier in hundreds of small ways; a test must fail each time (FILES=, PACKAGE=payname-zones)
	@tests/setup/install prerequisites nextest mutants
	CARGO_TARGET_DIR=$(CURDIR)/target cargo mutants --package $(PACKAGE) $(if $(FILES),--file '$(FILES)') $(MUTANTS) \
		--profile mutants --test-tool nextest --timeout 60 --output target

.PHONY: doc
doc: ## The documentation of the libraries, in target/doc
	cargo doc $(LOCKED) --workspace --no-deps

.PHONY: clean-tools
clean-tools: ## Remove what `make setup` installed
	rm -rf target/tools
