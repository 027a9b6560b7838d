#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard doctor on simulated machines: a healthy one has nothing wrong, injected faults are each found by name and exit code, and --fix mends
# what it says it can.
set -euo pipefail
PATH=$OUTBOARD_STAGE/bin:$PATH
unset OUTBOARD_ROOT
[ "$(id -u)" = 0 ] || { echo "skip: making device nodes takes root"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
say() { echo "$1"; bad=1; }
# with Podman, which leaves its containers' cgroups to systemd where that runs
with_podman() { local name; for name in podman crun; do install -D /bin/true "$work/machine/usr/bin/$name"; done; mkdir -p "$work/machine/run/systemd/system"; }
fresh() { rm -rf "$work/machine"; outboard sim create --profile h200x4 "$work/machine" >/dev/null; }

# doctor CODE ARGUMENT...: what it prints lands in $work/out
doctor() {
  local code=$1 got=0
  shift
  outboard doctor --root "$work/machine" "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
  [ "$got" = "$code" ] || { say "doctor $*: exit code $got, not $code"; sed 's/^/    /' "$work/out" "$work/err"; }
}
# finds PATTERN: in a line of the report, which is broken and indented where it is long
finds() {
  awk '/^         / && !/^         (so|mend|runs|then) / { sub(/^ +/, " "); printf "%s", $0; next } { printf "%s%s", sep, $0; sep = "\n" } END { print "" }' "$work/out" >"$work/flat"
  grep -qE "$1" "$work/flat" || { say "not found: $1"; sed 's/^/    /' "$work/out"; }
}

fresh
echo "case: a healthy machine has nothing wrong, and says so in one line"
doctor 0 --no-nvml
finds '^nothing wrong found'
finds '^simulated machine: '
doctor 0

echo "case: every check that is listed is run and explained"
outboard doctor --list >"$work/list"
doctor 0 --verbose
while read -r id _; do
  grep -qE "^(ok|note|unknown) +([a-z-]+, )*${id}[,:] " "$work/out" || say "check $id is not in the report"
  outboard doctor --list "$id" | grep -q '^  mend ' || say "check $id is not explained"
done <"$work/list"
[ "$(wc -l <"$work/list")" -ge 10 ] || say "only $(wc -l <"$work/list") checks"

echo "case: JSON"
doctor 0 --json
python3 - "$work/out" "$work/list" <<'PY' || bad=1
import json, sys
document = json.load(open(sys.argv[1]))
ids = [line.split()[0] for line in open(sys.argv[2])]
assert document["simulated"] is True and document["exitCode"] == 0
assert [check["id"] for check in document["checks"]] == ids
PY

echo "case: fault: a device node removed; --fix makes it"
fresh
rm "$work/machine/dev/nvidia1"
doctor 1
finds '^error +nodes: missing: .*/dev/nvidia1$'
finds "^ +mend  sudo outboard doctor --root $work/machine --fix nodes\$"
finds '^ +runs  mknod -m 0666 .*/dev/nvidia1 c '
doctor 0 --fix --yes
finds '^  mknod -m 0666 '
finds '^nodes: mended$'
finds '^nothing wrong found'
[ -c "$work/machine/dev/nvidia1" ] || say "the node was not made"

echo "case: fault: nvidia-uvm's nodes absent"
rm "$work"/machine/dev/nvidia-uvm*
doctor 1
finds '^error +nvidia-uvm: missing: '
doctor 0 --fix --yes

echo "case: fault: the module is of another version than the libraries"
fresh
sed -i 's/580\.95\.05/575.57.08/' "$work/machine/proc/driver/nvidia/version"
doctor 1
finds '^error +driver-version: the kernel module is 575.57.08, the libraries are 580.95.05'
doctor 1 --fix --yes
finds '^nothing that --fix can mend$'

echo "case: fault: libcuda removed from the driver root"
fresh
rm "$work"/machine/usr/lib/x86_64-linux-gnu/lib*nvidia* "$work"/machine/usr/lib/x86_64-linux-gnu/libcuda*
doctor 1
finds '^error +driver-libraries: the kernel module 580.95.05 is loaded'

echo "case: fault: a node with another driver's number; links gone under systemd"
fresh
rm "$work/machine/dev/nvidia-uvm" && mknod -m 0666 "$work/machine/dev/nvidia-uvm" c 60 0
rm -r "$work/machine/dev/char"
with_podman
doctor 1
finds '^error +node-numbers: .*/dev/nvidia-uvm. has the number 60:0'
finds '^warning +char-links: '
doctor 0 --fix --yes

echo "case: fault: the kernel log holds Xids; one of a program alone is no fault"
fresh
echo "3,9,7200000000,-;NVRM: Xid (PCI:0000:18:00): 13, pid=7, Graphics Exception" >"$work/machine/dev/kmsg"
doctor 0
finds '^note +xid: Xid 13 on 0000:18:00 '
echo "3,9,7300000000,-;NVRM: Xid (PCI:0000:18:00): 79, GPU has fallen off the bus." >>"$work/machine/dev/kmsg"
doctor 1
finds '^error +xid: Xid 79 on 0000:18:00 .*the GPU has fallen'

mkdir -p "$work/machine/etc/outboard/compat.d"
printf 'xid,class,meaning,look,action,confidence,source\n4711,driver,our own,,call us,high,us\n' >"$work/machine/etc/outboard/compat.d/xid.csv"
echo "3,9,7400000000,-;NVRM: Xid (PCI:0000:18:00): 4711, what" >>"$work/machine/dev/kmsg"
doctor 1
finds '^warning +xid: Xid 4711 on 0000:18:00 .*: our own'

echo "case: warnings alone have their own exit code"
with_podman
rm -r "$work/machine/dev/char"
doctor 3 char-links
doctor 0 nodes

echo "case: no driver at all"
fresh
rm -r "$work"/machine/usr/lib/x86_64-linux-gnu "$work/machine/proc/driver/nvidia"
doctor 1
finds '^error +driver-installed: no NVIDIA driver is installed for NVIDIA H200 SXM 141GB \(Hopper, compute'

echo "case: no GPU at all"
rm -rf "$work/machine" && outboard sim create --profile none "$work/machine" >/dev/null
doctor 1
finds '^error +gpu-present: '

echo "case: our own configuration and tables: each fault with file, line and key; what else is wrong is found all the same"
fresh
own=$work/machine/etc/outboard
mkdir -p "$own/compat.d"
printf '[requests]\nenvironment = false\n' >"$own/config.toml"
doctor 0
printf '[requests]\nenviroment = false\n' >"$own/config.toml"
rm "$work/machine/dev/nvidia1"
doctor 1
finds "^error +outboard-config: .*/etc/outboard/config.toml:2: unknown key 'requests.enviroment'"
finds "^ +mend  did you mean 'requests.environment'"
finds '^error +nodes: missing: .*/dev/nvidia1$'
fresh
mkdir -p "$own/compat.d"
printf 'xid,class\n' >"$own/compat.d/xid.csv"
doctor 3
finds '^warning +outboard-tables: .*/compat.d/xid.csv:1: the header is not '
rm "$own/compat.d/xid.csv"
printf '[requests]\nenvironment = false\n' >"$own/config.toml"
chmod 0666 "$own/config.toml"
doctor 1
finds "^error +outboard-config: policy file '.*/config.toml' is writable by everybody, so it is not read"
chmod 0755 "$work"
setpriv --reuid 4711 --regid 4711 --clear-groups outboard doctor --root "$work/machine" --no-nvml outboard-config >"$work/out" 2>&1 || true
finds "^error +outboard-config: '.*/config.toml' is writable by everybody, so nothing that root runs reads it"

echo "case: with a policy that cannot be read, or a driver root in it that is not there, other commands end; doctor says why"
mkdir -p "$work/etc/upper/outboard" "$work/etc/work"
with_policy() {
  printf '%s\n' "$1" >"$work/etc/upper/outboard/config.toml"
  shift
  # shellcheck disable=SC2016 # the inner shell's own
  unshare -m --propagation private sh -c \
    'mount -t tmpfs none "$0/etc/work" && mkdir "$0/etc/work/u" "$0/etc/work/w" && cp -r "$0/etc/upper/outboard" "$0/etc/work/u" &&
     mount -t overlay -o "lowerdir=/etc,upperdir=$0/etc/work/u,workdir=$0/etc/work/w" overlay /etc && exec "$@"' "$work" "$@"
}
got=0
with_policy 'x = 1' outboard list >"$work/out" 2>&1 || got=$?
[ $got -ne 0 ] && finds "^outboard: /etc/outboard/config.toml:1: unknown key 'x'"
with_policy 'x = 1' outboard doctor --no-nvml outboard-config cgroups >"$work/out" 2>&1 || true
finds "^error +outboard-config: /etc/outboard/config.toml:1: unknown key 'x'"
finds '^1 error.*of 2 passed'
with_policy "driver.root = '/no/driver'" outboard doctor --no-nvml outboard-config >"$work/out" 2>&1 || true
finds "^error +outboard-config: 'driver.root' in '/etc/outboard/config.toml' names '/no/driver', which does not exist"

echo "case: wrong command lines"
doctor 2 node
grep -q "did you mean 'nodes'" "$work/err" || say "no suggestion for a wrong check"
doctor 2 --yes
doctor 2 --fix
grep -q "hint: give --yes" "$work/err" || say "no hint about --yes"
doctor 2 --fix --json
exit $bad
