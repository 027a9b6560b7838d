#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CVE-2024-0135, CVE-2024-0136 and CVE-2024-0137: a program of the host runs in a container's root, where the image's loader
# overwrites it, or a program of the image runs with the host's privileges and network. Outboard starts no program there: what a
# create runs is written down here, and it is one program of the host.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc strace
simulated h200x4
naive=$(built naive_writer)
image_program "$TEST/image_program"
loader=usr/lib64/ld-linux-x86-64.so.2

# attacked DIR: an image whose loader and ldconfig are the attacker's
attacked() {
  bundle "$1" true NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
  rm -f "$1/rootfs/$loader" "$1/rootfs/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
  cp "$TEST/image_program" "$1/rootfs/$loader"
  for name in ldconfig ldconfig.real image_program; do cp "$TEST/image_program" "$1/rootfs/sbin/$name.new" && mv "$1/rootfs/sbin/$name.new" "$1/rootfs/sbin/$name"; done
}
# not_run DIR: nothing of the image was run
not_run() { [ ! -e "$1/rootfs/mark" ] || fail "run: $(cat "$1/rootfs/mark")"; }
# every program of the product and of the driver, and the low-level runtime
programs() {
  cksum "$OUTBOARD_STAGE"/bin/* "$OUTBOARD_STAGE"/libexec/outboard/* "$(command -v runc)"
  [ -z "${OUTBOARD_ROOT:-}" ] || find "$OUTBOARD_ROOT" -type f -exec cksum {} + | sort
}
programs >"$TEST/programs"
unchanged() { programs | diff "$TEST/programs" - >&2 || fail "a program or library of the host has changed"; }
# programs_run DIR: what a create executes, one path a line
programs_run() {
  create "$1" strace -qq -f -e trace=execve,execveat -o "$TEST/trace"
  sed -n 's/.*execve("\([^"]*\)".*= 0$/\1/p; s/.*execveat(.*/execveat/p' "$TEST/trace"
}

case_ "CVE-2024-0135: the image's loader runs in the place of the host's program and overwrites it"
attacked "$TEST/loader"
# This script's own shell is not needed inside, and the host's ldconfig is a copy that may be lost.
cp /bin/true "$TEST/hosts-ldconfig"
control "a tool that runs its own program in the root loses it"
unshare -m --propagation private "$naive" run "$TEST/loader/rootfs" "$TEST/hosts-ldconfig"
for _ in $(seq 50); do [ "$(head -c 11 "$TEST/hosts-ldconfig" | tr -d '\0')" != overwritten ] || break; sleep 0.1; done
same "$(cat "$TEST/hosts-ldconfig")" overwritten
rm -f "$TEST/loader/rootfs/mark"
no_container
same "$(programs_run "$TEST/loader" | tr '\n' ' ')" "$RUNTIME /bin/true "
not_run "$TEST/loader"
unchanged
policy
in_bundle "$TEST/loader" >/dev/null 2>&1 || true
unchanged
rm -f "$TEST/loader/rootfs/mark"
outboard args --gpus all "rootfs:$TEST/loader/rootfs" >/dev/null
not_run "$TEST/loader"
outboard run --engine builtin --gpus all "rootfs:$TEST/loader/rootfs" true >/dev/null 2>&1 || true
sleep 0.3
unchanged
unharmed

case_ "CVE-2024-0136 and CVE-2024-0137: the image's ldconfig runs outside the container, in the host's network"
attacked "$TEST/ldconfig"
control "a tool that runs the image's ldconfig gives it the host's network"
unshare -m --propagation private "$naive" run-images "$TEST/ldconfig/rootfs" /sbin/ldconfig
has "$(readlink /proc/self/ns/net)" "$(cat "$TEST/ldconfig/rootfs/mark")"
rm "$TEST/ldconfig/rootfs/mark"
no_container
same "$(programs_run "$TEST/ldconfig" | tr '\n' ' ')" "$RUNTIME /bin/true "
not_run "$TEST/ldconfig"
"$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete c-ldconfig
not_run "$TEST/ldconfig"
policy
# The image's loader runs once in the container, as the container's own program, and nowhere else.
in_bundle "$TEST/ldconfig" >/dev/null 2>&1 || true
if [ -e "$TEST/ldconfig/rootfs/mark" ]; then
  lacks "$(readlink /proc/self/ns/net)" "$(cat "$TEST/ldconfig/rootfs/mark")"
  lacks ldconfig "$(cat "$TEST/ldconfig/rootfs/mark")"
fi
unchanged

case_ "a request that needs NVML runs our helper and no program else"
simulated a100x8-mig
policy "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'"
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=0:0
same "$(programs_run "$TEST/mig" | tr '\n' ' ')" "$RUNTIME $HELPER /bin/true "
