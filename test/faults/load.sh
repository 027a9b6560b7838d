#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A short run of test/load/run: 100 cycles by 8 workers, no Docker. `make load` is the whole.
exec "$(dirname "$0")/../load/run" 100 8 0
