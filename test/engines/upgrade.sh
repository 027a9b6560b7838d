#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A stopped Docker container starts again after the host's driver was upgraded and downgraded and after nvidia-uvm's device number
# changed: with two real driver versions (Debian's 535 and 470 branches) as driver roots behind one policy file.
# limit: 400
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/driver_roots.sh"
need_root
need runc dockerd docker
debian_drivers
debian_driver "$TEST/new" libcuda1 libnvidia-ml1 nvidia-smi libnvidia-ptxjitcompiler1 libnvidia-pkcs11-openssl3 libcudadebugger1 nvidia-alternative
new=$version
debian_driver "$TEST/old" libnvidia-tesla-470-cuda1 libnvidia-tesla-470-ml1 nvidia-tesla-470-smi libnvidia-tesla-470-ptxjitcompiler1 \
  libnvidia-tesla-470-compiler nvidia-tesla-470-alternative
old=$version
# as the packages' alternatives would lead there
ln -s tesla-470 "$TEST/old/usr/lib/x86_64-linux-gnu/nvidia/current"
ln -s tesla-470 "$TEST/old/usr/lib/nvidia/current"
echo "note: drivers $old and $new"
[ "$old" != "$new" ] || fail "two versions wanted"
major=$(free_major)
uvm=$(free_major second)

# host ROOT VERSION MAJOR UVM: from here on the machine has that driver
host() {
  driver_machine "$TEST/machine" "$2" "$3" "$4"
  printf '%s\n' "driver.root = '$1'" "driver.dev-root = '$TEST/machine/dev'" "driver.proc-root = '$TEST/machine/proc'" \
    "driver.sys-root = '$TEST/machine/sys'" "runtime.state-directory = '$TEST/state'" >"$POLICY"
}
host "$TEST/old" "$old" "$major" "$uvm"
start_docker
docker_image base
# What a container says of its driver: versions of the mounted libraries, what loads, stale entries and empty libraries, node numbers
# shellcheck disable=SC2016  # expanded inside the container
SAYS='d=$(dirname $(ldconfig -p | sed -n "s/.*libcuda.so.1 .*=> //p" | head -1))
grep -ao "[45][0-9][0-9]\.[0-9]*\.[0-9][0-9]" $d/libcuda.so.1 | sort | uniq -c | sort -rn | sed -n "1s/.* //p"
LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1:libnvidia-ptxjitcompiler.so.1 /bin/true 2>&1 && echo loads
ldconfig -p | sed -n "s/.* => //p" | while read f; do [ -s "$f" ] || echo "stale entry $f"; done
find $d -maxdepth 1 -type f -size 0 | sed "s/^/empty target /"
ldconfig -p | grep -c "libcuda.so.1 "
ldconfig -p | grep -oE "libnvidia-(compiler|pkcs11-openssl3).so|libcudadebugger.so" | sort -u
stat -c "%n %t" /dev/nvidia-uvm /dev/nvidia0'
said_by() { printf '%s\n' "$1" loads 1 "${@:4}" "/dev/nvidia-uvm $(printf %x "$3")" "/dev/nvidia0 $(printf %x "$2")"; }
old_only=$(cd "$TEST/old" && find . -name 'libnvidia-compiler.so*' | grep -q . && echo libnvidia-compiler.so)
new_only=(libcudadebugger.so libnvidia-pkcs11-openssl3.so)

docker create --name stopped --net none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=all -e NVIDIA_DRIVER_CAPABILITIES=all base sh -c "$SAYS" >/dev/null
again() { docker start -a stopped 2>&1; }

case_ "the older driver"
same "$(again)" "$(said_by "$old" "$major" "$uvm" "$old_only")"

case_ "after an upgrade: the new libraries, nothing of the old one's"
host "$TEST/new" "$new" "$major" "$uvm"
same "$(again)" "$(said_by "$new" "$major" "$uvm" "${new_only[@]}")"

case_ "after a downgrade"
host "$TEST/old" "$old" "$major" "$uvm"
same "$(again)" "$(said_by "$old" "$major" "$uvm" "$old_only")"

case_ "after nvidia-uvm and nvidia came back with other device numbers"
host "$TEST/old" "$old" "$uvm" "$major"
same "$(again)" "$(said_by "$old" "$uvm" "$major" "$old_only")"

case_ "one container killed with its record: its leavings do no harm under another driver"
docker run -d --name killed --net none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=all -e NVIDIA_DRIVER_CAPABILITIES=all base \
  sh -c '[ -e /ran ] || { : >/ran; exec sleep 1000; }; '"$SAYS" >/dev/null
rm -f "$TEST"/state/containers/*.json
docker kill killed >/dev/null
host "$TEST/new" "$new" "$major" "$uvm"
output=$(docker start -a killed 2>&1)
has "$new" "$output"
has loads "$output"
lacks "stale entry" "$output"
docker rm killed >/dev/null

case_ "an upgrade in flight (kernel module and libraries differ) is an error that says so, and passes"
host "$TEST/new" "$old" "$major" "$uvm"
fails_with 1 "$old" docker start -a stopped
host "$TEST/new" "$new" "$major" "$uvm"
same "$(again)" "$(said_by "$new" "$major" "$uvm" "${new_only[@]}")"

case_ "what the container's layer keeps after all of it: nothing of ours"
lacks libcuda "$(docker diff stopped)"
lacks nvidia "$(docker diff stopped | grep -v '^C /run')"
docker rm stopped >/dev/null

case_ "a config.json that was saved after its edit gets the driver of the day: another version, another boot, and twice"
host "$TEST/old" "$old" "$major" "$uvm"
bundle "$TEST/saved" "${SAYS//$'\n'/; }" NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
same "$(in_bundle "$TEST/saved" 2>&1)" "$(said_by "$old" "$major" "$uvm" "$old_only")"
cp "$TEST/saved/config.json" "$TEST/saved.json"
has "$TEST/old/" "$(cat "$TEST/saved.json")"
# another boot: nothing of the state is there, and the container has a root of its own again
again_on() {  # ROOT VERSION
  host "$1" "$2" "$major" "$uvm"
  rm -rf "$TEST/state"
  umount "$TEST/saved/rootfs"
  rm -rf "$TEST/saved/rootfs.upper" "$TEST/saved/rootfs.work"
  rootfs "$TEST/saved/rootfs"
  cp "$TEST/saved.json" "$TEST/saved/config.json"
}
again_on "$TEST/new" "$new"
mv "$TEST/old" "$TEST/old.gone"
for _ in once twice; do
  same "$(in_bundle "$TEST/saved" 2>&1)" "$(said_by "$new" "$major" "$uvm" "${new_only[@]}")"
  lacks "$TEST/old/" "$(cat "$TEST/saved/config.json")"
done
mv "$TEST/old.gone" "$TEST/old"
cp "$TEST/saved/config.json" "$TEST/saved.json"
again_on "$TEST/old" "$old"
same "$(in_bundle "$TEST/saved" 2>&1)" "$(said_by "$old" "$major" "$uvm" "$old_only")"

case_ "a driver in a directory of another name, which only links lead to (Debian's alternatives)"
libraries=$TEST/old/usr/lib/x86_64-linux-gnu
rm "$libraries/nvidia/current" "$TEST/old/usr/lib/nvidia/current"
[ ! -e "$TEST/old/etc/ld.so.cache" ]
again_on "$TEST/old" "$old"
not in_bundle "$TEST/saved" >/dev/null 2>&1
mkdir -p "$TEST/old/etc/alternatives"
for name in libcuda.so.1-x86_64-linux-gnu:libcuda.so.1 libnvidia-ml.so.1-x86_64-linux-gnu:libnvidia-ml.so.1; do
  ln -s "/usr/lib/x86_64-linux-gnu/nvidia/tesla-470/${name#*:}" "$TEST/old/etc/alternatives/nvidia--${name%:*}"
  rm -f "$libraries/${name#*:}"
  ln -s "/etc/alternatives/nvidia--${name%:*}" "$libraries/${name#*:}"
done
again_on "$TEST/old" "$old"
same "$(in_bundle "$TEST/saved" 2>&1)" "$(said_by "$old" "$major" "$uvm" "$old_only")"
