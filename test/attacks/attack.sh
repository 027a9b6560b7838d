# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the attack tests share, on top of the engine tests' common.sh: the control program, host files that must not
# change (canaries), a root on a tmpfs in which directories can be swapped, creates that run no container.
. "$(dirname "${BASH_SOURCE[0]}")/../engines/common.sh"
ATTACKS=$OUTBOARD_SOURCE/test/attacks
# shellcheck disable=SC2034  # used by the tests
HELPER=$OUTBOARD_STAGE/libexec/outboard/outboard-nvml
CANARY=$TEST/host
# Others than root can reach what is in it, as on a real machine.
chmod 0711 "$TEST"

# built NAME: the path of a program of this folder, compiled once a test
built() {
  local program=$TEST/bin/$1
  mkdir -p "$TEST/bin"
  # made beforehand for a machine without a compiler
  [ ! -x "$OUTBOARD_SOURCE/build/attacks/$1" ] || program=$OUTBOARD_SOURCE/build/attacks/$1
  [ -x "$program" ] || c++ -O1 -o "$program" "$ATTACKS/$1.cc" -ldl
  echo "$program"
}
# image_program FILE: the program of an image that overwrites whoever runs it
image_program() {
  [ "$(uname -m)" = x86_64 ] || skip "image_program.c is for x86-64"
  cc -O1 -static -nostdlib -fno-stack-protector -fno-pie -no-pie -o "$1" "$ATTACKS/image_program.c"
}
# intruder FILE: a shared object that writes into $TEST/mark who loaded it
intruder() { cc -O1 -shared -fPIC -DINTRUDER_MARK="\"$TEST/mark\"" -o "$1" "$ATTACKS/intruder.c"; }

# canaries: host files and directories with known content at $CANARY; everything that may lead there is an attack
canaries() {
  rm -rf "$CANARY"
  mkdir -p "$CANARY/etc/ld.so.conf.d" "$CANARY/lib" "$CANARY/empty"
  echo "the host's secret" >"$CANARY/secret"
  echo "the host's cache" >"$CANARY/etc/ld.so.cache"
  : >"$CANARY/lib/libcuda.so.1"
  chmod 0600 "$CANARY/secret"
  canary_state >"$TEST/canary.before"
}
canary_state() { find "$CANARY" -printf '%P %y %m %U %G %s %l %T@\n' | sort; find "$CANARY" -type f -exec cksum {} + | sort; }
unharmed() { canary_state | diff "$TEST/canary.before" - >&2 || fail "the host's files have changed"; }
harmed() { ! canary_state | cmp -s "$TEST/canary.before" -; }
# control SENTENCE: says that the attack works where nobody resists
control() { echo "control: $*"; canaries; }

# Up from any directory of a root to the host's root, and down to the canary.
# shellcheck disable=SC2034
UP=../../../../../../../../../../../..$CANARY

# tmpfs_root DIR: a root on a tmpfs of its own with just what tells an image's layout, so that whole directories can be
# exchanged (an overlay refuses that)
tmpfs_root() {
  local base=$TEST/rootfs
  [ -d "$base" ] || "$OUTBOARD_SOURCE/test/make_rootfs" "$base"
  mkdir -p "$1"
  mount -t tmpfs -o size=64m,mode=755 tmpfs "$1"
  (cd "$base" && tar -c bin sbin lib lib64 etc/ld.so.cache etc/ld.so.conf etc/passwd etc/group usr/lib64 \
    usr/lib/x86_64-linux-gnu/{libc.so.6,ld-linux-x86-64.so.2} usr/bin/dash usr/bin/sh 2>/dev/null || true) | tar -x -C "$1"
  mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1/run" "$1/usr/local" "$1/usr/sbin"
}

# create DIR [WORD BEFORE THE RUNTIME...]: the bundle's create, with the low-level runtime that $POLICY names
create() {
  local directory=$1
  shift
  "$@" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$directory" "c-${directory##*/}"
}
# no_container: creates end in /bin/true
no_container() { policy "runtime.low-level = ['/bin/true']"; }

# sources_are_the_hosts DIR: every bind mount of the bundle's config.json comes from the driver root, or is the cache
# that lies in the bundle
sources_are_the_hosts() {
  local source
  grep -o '"source": *"/[^"]*"' "$1/config.json" | sed 's/.*: *"\(.*\)"/\1/' | sort -u >"$TEST/sources"
  [ -s "$TEST/sources" ] || fail "no bind mount in $1/config.json"
  while IFS= read -r source; do
    case $source in
      "$1/outboard-ld.so.cache") ;;
      "$1"/*) fail "mount source '$source' lies in the bundle" ;;
      "${OUTBOARD_ROOT:-}"/*) ;;
      *) fail "mount source '$source'" ;;
    esac
  done <"$TEST/sources"
  xargs -d '\n' realpath <"$TEST/sources" >"$TEST/real"
  diff "$TEST/sources" "$TEST/real" >&2 || fail "a mount source is behind a link"
}
