#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, and that the documents which the program writes about itself are whole.
set -euo pipefail
cd "$OUTBOARD_SOURCE"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }

echo "case: programs, helper programs, the hook's name, man page, completions"
packaging/install_tree "$OUTBOARD_RELEASE" /usr "$work"
for file in bin/outboard bin/outboard-runtime libexec/outboard/outboard-nvml libexec/outboard/outboard-probe \
  libexec/outboard/nvidia-container-runtime-hook; do
  [ -x "$work/usr/$file" ] || fail "$file is missing"
done
for file in share/man/man1/outboard.1 share/bash-completion/completions/outboard share/zsh/site-functions/_outboard \
  share/fish/vendor_completions.d/outboard.fish share/doc/outboard/README.md; do
  [ -s "$work/usr/$file" ] || fail "$file is missing or empty"
done

echo "case: the runtime is static and at most 3 MiB, and no program needs a C++ library"
[ "$(stat -c %s "$work/usr/bin/outboard-runtime")" -le $((3 * 1048576)) ]
for program in "$work"/usr/bin/* "$work"/usr/libexec/outboard/outboard-*; do
  needed=$(objdump -p "$program" | grep NEEDED || true)
  [[ $needed != *libstdc++* && $needed != *libgcc* ]] || fail "$program needs $needed"
done
[ -z "$(objdump -p "$work/usr/bin/outboard-runtime" | grep NEEDED || true)" ]

echo "case: every command is in the man page and has help; completions parse"
bash -n "$work/usr/share/bash-completion/completions/outboard"
head -3 "$work/usr/share/man/man1/outboard.1" | grep -q '^\.TH'
for command in list explain doctor run args verify capture sim; do
  "$work/usr/bin/outboard" "$command" --help | grep -q "outboard $command" || fail "no help for $command"
  grep -q "outboard.*$command" "$work/usr/share/man/man1/outboard.1" || fail "$command is not in the man page"
  grep -q "$command" "$work/usr/share/bash-completion/completions/outboard" || fail "$command is not completed"
done

echo "case: the version is one everywhere"
version=$(sed -n 's/^project(outboard VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
"$work/usr/bin/outboard" --version | grep -qF "$version"
grep -q "^## $version" NEWS.md
