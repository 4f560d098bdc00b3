# The front door. `make demo` and `make test` each work alone on a bare Debian 12.
#
#   make          build/release/glovebox
#   make test     everything from scratch: packages, sources, build, all tests
#   make dev      build/dev: assertions, no link-time optimisation, quick to rebuild
SHELL := /bin/sh
NATIVE = --native-file packaging/deps/native.ini \
         $(if $(shell command -v ccache 2>/dev/null),--native-file packaging/deps/ccache.ini)
JOBS ?= $(shell nproc)

.PHONY: all test dev prepare unit clean

all: build/release/build.ninja
	@ninja -C build/release -j $(JOBS) --quiet glovebox

prepare:
	@packaging/deps/install debian-packages
	@packaging/deps/fetch

build/release/build.ninja: | prepare
	@meson setup build/release $(NATIVE) --buildtype release -Db_lto=true -Db_lto_mode=thin \
	  > build-release.log 2>&1 || { cat build-release.log; exit 1; }
	@mv build-release.log build/release/setup.log

build/dev/build.ninja: | prepare
	@meson setup build/dev $(NATIVE) --buildtype debugoptimized -Doptimization=1 \
	  > build-dev.log 2>&1 || { cat build-dev.log; exit 1; }
	@mv build-dev.log build/dev/setup.log

dev: build/dev/build.ninja
	@ninja -C build/dev -j $(JOBS)

test: build/release/build.ninja
	@ninja -C build/release -j $(JOBS) --quiet
	@tests/run build/release

clean:
	rm -rf build
