# SPDX-License-Identifier: Apache-2.0
# The project's verbs. Each installs what it needs from the distribution first, and nothing if all of it is there.
#   make demo      build, then run a program in a real container with GPUs (simulated ones where there are none)
#   make test      build, then every test; the last line counts them
#   make lint      format, clang-tidy, shell scripts, include matrix, file sizes
#   make fuzz      run each fuzzer for FUZZ_SECONDS (60); FUZZ names some of them
#   make load      1,000 containers by 32 workers, 200 Docker containers at once; nothing may be left behind
#   make bench     speed and size against the bare low-level runtime
#   make install   DESTDIR and PREFIX (/usr/local) as usual
#   make build | clean
BUILD := build
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
# Kinds of checks of `make lint`, all if empty. make itself has a variable LINT, the name of a program.
LINT =
LAUNCHER := $(if $(shell command -v ccache),-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
CONFIGURE := cmake $(LAUNCHER) -Wno-dev --log-level=WARNING

.PHONY: help build test demo lint fuzz load bench install clean

help:
	@sed -n 's/^#   //p' Makefile

build:
	@packaging/install_dependencies build
	@$(CONFIGURE) --preset release -DOUTBOARD_BENCH=OFF >/dev/null
	@cmake --build --preset release -j $(JOBS)

demo: build
	@packaging/install_dependencies demo
	@test/demo

test: build
	@packaging/install_dependencies test
	@$(CONFIGURE) --preset sanitize >/dev/null
	@cmake --build --preset sanitize -j $(JOBS)
	@test/run $(TESTS)

lint:
	@packaging/install_dependencies build lint
	@test/lint $(LINT)

fuzz:
	@packaging/install_dependencies build fuzz
	@CC=clang CXX=clang++ $(CONFIGURE) --preset fuzz
	@cmake --build --preset fuzz -j $(JOBS)
	@test/fuzz/run $(FUZZ_SECONDS) $(FUZZ)

load: build
	@packaging/install_dependencies test
	@packaging/install_tree $(BUILD)/release "$(CURDIR)/$(BUILD)/stage" ""
	@test/load/run

bench:
	@packaging/install_dependencies build bench
	@$(CONFIGURE) --preset release -DOUTBOARD_BENCH=ON >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@bench/run $(BUILD)/release

install: build
	@packaging/install_tree $(BUILD)/release "$(PREFIX)" "$(DESTDIR)"

clean:
	rm -rf $(BUILD)
