# The front door. `make demo` and `make test` each work alone on a bare Debian 12.
#
#   make          build/release/glovebox
#   make demo     builds, then plays two rehearsals: what an agent can do in its box, and cannot, and
#                 what it reaches of the world; and what a reviewer asks: why, and what would change
#   make test     everything from scratch: packages, sources, build, all tests
#   make dev      build/dev: assertions, no link-time optimisation, quick to rebuild
#   make check    what a change must pass besides: format, clang-tidy, layers, ASan and UBSan
#   make fuzz     T=NAME fuzzes one parser for SECONDS (60); without T lists the targets
#   make bench    ratios against the official worker and bubblewrap, memory, how cost grows: a table,
#                 build/release/bench.json and plots
#   make soak     half an hour of sessions under faults: memory, descriptors and latencies stay flat
#   make repro    two builds in two folders by two users are the same bytes
#   make sbom     build/release/glovebox.cdx.json: each linked library, version and licence
SHELL := /bin/sh
NATIVE = --native-file packaging/deps/native.ini \
         $(if $(shell command -v ccache 2>/dev/null),--native-file packaging/deps/ccache.ini)
JOBS ?= $(shell nproc)
SECONDS ?= 60
comma := ,

.PHONY: all demo test bench soak dev check fuzz repro sbom prepare prepare-check clean

all: build/release/build.ninja
	@ninja -C build/release -j $(JOBS) --quiet glovebox

prepare:
	@packaging/deps/install debian-packages
	@packaging/deps/fetch

prepare-check: prepare
	@packaging/deps/install debian-packages-check

# configure FOLDER, arguments of meson: quiet unless it fails.
configure = mkdir -p build && { meson setup $(1) $(NATIVE) $(2) > $(1).log 2>&1 || { cat $(1).log; exit 1; }; }

build/release/build.ninja: | prepare
	@$(call configure,build/release,--buildtype release -Db_lto=true -Db_lto_mode=thin)

build/dev/build.ninja: | prepare
	@$(call configure,build/dev,-Ddebug=true -Doptimization=1)

# At -O0: the files that instantiate Asio take a minute and more each otherwise.
build/asan/build.ninja: | prepare-check
	@$(call configure,build/asan,--buildtype debug -Db_sanitize=address$(comma)undefined)

build/fuzz/build.ninja: | prepare-check
	@$(call configure,build/fuzz,--native-file packaging/deps/fuzz.ini -Ddebug=true \
	  -Doptimization=1 -Db_sanitize=address$(comma)undefined)

dev: build/dev/build.ninja
	@ninja -C build/dev -j $(JOBS)

# Needs no network once built. What the build says goes to build/demo.log.
DEMO = build/release/glovebox rehearse --policy
POLICY = build/release/glovebox policy
demo:
	@mkdir -p build; echo "glovebox: building (build/demo.log tells what) ..."
	@$(MAKE) --no-print-directory all > build/demo.log 2>&1 || { tail -n 30 build/demo.log; exit 1; }
	@echo "An agent's session, queued at a local control plane: a worker claims it, each call runs in"
	@echo "its own box under a policy, every step is in an audit log."; echo
	@$(DEMO) policy/default.toml policy/rehearsals/tour.toml
	@echo; $(DEMO) policy/example-network.toml --origin packages.rehearsal.test:47443 \
	  policy/rehearsals/network.toml
	@echo; echo "Why it was refused, and what a pull request with one line more would permit:"
	@$(POLICY) why --policy policy/example-network.toml tool write || test $$? = 1
	@sed '/at = "@tmp"/a\  { at = "/srv/reference", mode = "rw" },' policy/default.toml > build/request.toml
	@$(POLICY) diff policy/default.toml build/request.toml; test $$? = 3 && echo "exit 3"
	@echo; echo "Next:"
	@echo "  build/release/glovebox doctor egress"
	@echo "  build/release/glovebox exec --policy policy/default.toml -- /bin/bash -c 'id; ls -la'"
	@echo "  build/release/glovebox exec --policy policy/default.toml --plan -- /bin/true"

test: build/release/build.ninja
	@packaging/deps/install debian-packages-test
	@ninja -C build/release -j $(JOBS) --quiet
	@tests/run build/release

bench: build/release/build.ninja
	@packaging/deps/install debian-packages-bench
	@ninja -C build/release -j $(JOBS) --quiet glovebox tests/bench/fresh_box \
	  tests/bench/policy_decision tests/bench/network_peers
	@tests/bench/run build/release

# The worker role for half an hour under faults of the plane; SECONDS=300 for less.
soak: SECONDS = 1800
soak: all
	@SECONDS=$(SECONDS) tests/bench/soak build/release

check: prepare-check build/dev/build.ninja build/asan/build.ninja
	@tests/lint/layers
	@tests/lint/tidy build/dev
	@ninja -C build/asan -j $(JOBS) --quiet
	@tests/run build/asan unit/

fuzz: build/fuzz/build.ninja
ifeq ($(T),)
	@ninja -C build/fuzz -t targets all | sed -n 's/^fuzz\/fuzz_\([a-z0-9_]*\): .*/\1/p'
else
	@ninja -C build/fuzz -j $(JOBS) --quiet fuzz/fuzz_$(T)
	@mkdir -p build/fuzz/found/$(T)
	@build/fuzz/fuzz/fuzz_$(T) -max_total_time=$(SECONDS) -print_final_stats=1 \
	  -artifact_prefix=build/fuzz/$(T)- build/fuzz/found/$(T) fuzz/corpus/$(T)
endif

repro: prepare
	@packaging/reproduce

sbom: all
	@packaging/sbom build/release > build/release/glovebox.cdx.json.part
	@mv build/release/glovebox.cdx.json.part build/release/glovebox.cdx.json

clean:
	rm -rf build
