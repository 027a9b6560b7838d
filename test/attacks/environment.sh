#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CVE-2025-23266: the environment of the image loads the attacker's library into a hook that runs as root of the host. Outboard adds
# no hooks and takes nothing from an environment, neither the container's nor its caller's.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc strace
simulated h200x4
intruder "$TEST/intruder.so"
mark=$TEST/mark
# not_loaded: none of our programs loaded the library. The container's own program and the caller's may.
not_loaded() { [ ! -e "$mark" ] || lacks outboard "$(cat "$mark")"; }

case_ "CVE-2025-23266: LD_PRELOAD of the image, relative to the root in which a hook would start"
attacked() {
  bundle "$1" "true" NVIDIA_VISIBLE_DEVICES=all LD_PRELOAD=/proc/self/cwd/intruder.so LD_AUDIT=/proc/self/cwd/intruder.so \
    LD_LIBRARY_PATH=/proc/self/cwd GCONV_PATH=/proc/self/cwd "OUTBOARD_ROOT=/proc/self/cwd" "OUTBOARD_STATE_DIR=/proc/self/cwd" \
    GLIBC_TUNABLES=glibc.malloc.check=3 NVIDIA_CTK_DEBUG=true
  cp "$TEST/intruder.so" "$1/rootfs/intruder.so"
}
attacked "$TEST/preload"
cp "$TEST/preload/config.json" "$TEST/request.json"
control "a hook without an environment of its own gets the image's, and loads the library on the host"
sed -i 's#"hostname": "test",#"hostname": "test", "hooks": {"createContainer": [{"path": "/bin/true"}]},#' "$TEST/preload/config.json"
runc --root "$TEST/runc" run --bundle "$TEST/preload" "hook-$$" >/dev/null 2>&1 || true
[ -s "$mark" ] || fail "the hook did not load it"
rm "$mark"
for hook in "" '"hooks": {"prestart": [{"path": "/usr/bin/nvidia-container-runtime-hook", "args": ["nvidia-container-runtime-hook", "prestart"]}]},'; do
  sed "s#\"hostname\": \"test\",#\"hostname\": \"test\", $hook#" "$TEST/request.json" >"$TEST/preload/config.json"
  in_bundle "$TEST/preload" >/dev/null 2>&1 || true
  [ ! -e "$mark" ] || fail "loaded on the host: $(cat "$mark")"
  lacks '"hooks"' "$(cat "$TEST/preload/config.json")"
done
outboard run --engine builtin --gpus all --env LD_PRELOAD=/proc/self/cwd/intruder.so "rootfs:$TEST/preload/rootfs" true >/dev/null 2>&1 || true
[ ! -e "$mark" ] || fail "loaded on the host: $(cat "$mark")"
lacks LD_PRELOAD "$(outboard args --gpus all "rootfs:$TEST/preload/rootfs" 2>&1)"

case_ "the image's environment decides about GPUs alone: everything else in the edit is the same without it"
bundle "$TEST/bare" "true" NVIDIA_VISIBLE_DEVICES=all
no_container
create "$TEST/bare"
cp "$TEST/request.json" "$TEST/preload/config.json"
create "$TEST/preload"
# without the environment and what names the bundle itself
plain() { sed "s#\"env\": *\[[^]]*\]##; s#$TEST/[a-z]*##g; s#-[a-z]*\",\"namespaces##; s#/outboard-test/[^\"]*##" "$1/config.json" | tr -d ' \n'; }
same "$(plain "$TEST/preload")" "$(plain "$TEST/bare")"

case_ "the caller's environment: no library of its choice, no program from its PATH, and it is passed on as it is"
simulated a100x8-mig
mkdir -p "$TEST/path"
for name in runc crun nvidia-modprobe outboard-nvml; do
  printf '#!/bin/sh\necho %s >>%s\n' "outboard-path-$name" "$mark" >"$TEST/path/$name"
  chmod +x "$TEST/path/$name"
done
cat >"$TEST/low-level" <<SH
#!/bin/dash
unset LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH; PATH=/usr/bin:/bin
cat /proc/\$\$/environ | tr '\0' '\n' | grep -v '^_=' | sort >"$TEST/passed-on"
SH
chmod +x "$TEST/low-level"
policy "runtime.low-level = ['$TEST/low-level']" "nvml.helper = '$HELPER'"
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=0:0
hostile=("PATH=$TEST/path" "LD_PRELOAD=$TEST/intruder.so" "LD_AUDIT=$TEST/intruder.so" "LD_LIBRARY_PATH=$TEST" "GCONV_PATH=$TEST"
  "LOCPATH=$TEST" "GLIBC_TUNABLES=glibc.malloc.check=3" "OUTBOARD_ROOT=$TEST/nowhere" "OUTBOARD_STATE_DIR=$TEST/nowhere"
  "XDG_RUNTIME_DIR=$TEST/nowhere" "HOME=$TEST/nowhere" "NVIDIA_VISIBLE_DEVICES=all" "LANG=xx_XX.INTRUDER" "TMPDIR=$TEST/nowhere" "EMPTY=")
env -i "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/mig" c-mig
cp "$TEST/mig/config.json" "$TEST/clean.json"
rm -rf "$TEST/state"
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=0:0
rm -f "$mark"
env -i "${hostile[@]}" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/mig" c-mig
cmp "$TEST/clean.json" "$TEST/mig/config.json"
has dash "$(cat "$mark")"  # the script's shell did load it
not_loaded
printf '%s\n' "${hostile[@]}" | sort >"$TEST/handed-over"
# PWD and the like are the shell's own; LD_PRELOAD is there, because this reads the environment of the start
diff "$TEST/handed-over" <(grep -vE '^(PWD|SHLVL|OLDPWD)=' "$TEST/passed-on") >&2
[ ! -e "$TEST/nowhere" ]

case_ "the helper that loads NVML starts with no environment"
rm -rf "$TEST/state"
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=0:0
env -i "${hostile[@]}" "$(command -v strace)" -qq -f -v -e trace=execve -E LD_PRELOAD -E LD_AUDIT -o "$TEST/trace" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/mig" c-mig
grep "execve(\"$HELPER\"" "$TEST/trace" | grep -q '\], \[\]) = 0' || fail "$(grep outboard-nvml "$TEST/trace")"
