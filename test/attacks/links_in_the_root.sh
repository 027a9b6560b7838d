#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CVE-2024-0133, CVE-2024-0134 and CVE-2025-23267: links in the image lead the tool that makes mount targets, links or the
# loader's cache to places on the host. Outboard resolves every path inside the root, and the low-level runtime makes the targets.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated h200x4
naive=$(built naive_writer)
libraries=usr/lib/x86_64-linux-gnu

# everywhere DIR: creates without a container, then with runc, then outboard run and args on the same root; any may fail,
# none may touch the host
everywhere() {
  no_container
  create "$1" >/dev/null 2>"$TEST/errors" || grep -q '^outboard: ' "$TEST/errors"
  unharmed
  policy
  in_bundle "$1" >/dev/null 2>&1 || true
  unharmed
  outboard run --engine builtin --gpus all "rootfs:$1/rootfs" true >/dev/null 2>&1 || true
  unharmed
  lacks "$CANARY" "$(outboard args --gpus all "rootfs:$1/rootfs" 2>&1 || true)"
  "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete -f "c-${1##*/}" >/dev/null 2>&1 || true
  unharmed
}
attacked() { bundle "$1" true NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all; }

case_ "CVE-2024-0133: the directory of the mount targets is a link to a directory of the host"
attacked "$TEST/targets"
for directory in vdpau gbm; do ln -s "$UP/empty" "$TEST/targets/rootfs/$libraries/$directory"; done
mkdir -p "$TEST/targets/rootfs/usr/share/vulkan" "$TEST/targets/rootfs/usr/share/glvnd"
ln -s "$UP/empty" "$TEST/targets/rootfs/usr/share/vulkan/icd.d"
ln -s "$CANARY/empty" "$TEST/targets/rootfs/usr/share/glvnd/egl_vendor.d"
rm -rf "$TEST/targets/rootfs/lib/firmware"
ln -s "$UP/empty" "$TEST/targets/rootfs/lib/firmware"
control "a tool that makes the targets itself makes files on the host"
"$naive" targets "$TEST/targets/rootfs" "/$libraries/vdpau/libvdpau_nvidia.so.1"
harmed
canaries
everywhere "$TEST/targets"

case_ "CVE-2024-0134: the directory of the links is a link to a directory of the host"
attacked "$TEST/link"
ln -s "$UP/lib" "$TEST/link/rootfs/$libraries/nvidia"
control "a tool that makes links in the root makes one on the host"
"$naive" link "$TEST/link/rootfs" libcuda.so.1 "/$libraries/nvidia/libcuda.so"
harmed
canaries
everywhere "$TEST/link"

case_ "CVE-2024-0134: mount targets that are themselves links to the host's files stay the image's own"
attacked "$TEST/self"
ln -s "$UP/lib/libcuda.so.1" "$TEST/self/rootfs/$libraries/libcuda.so.1"
ln -s "$CANARY/lib/libcuda.so.1" "$TEST/self/rootfs/$libraries/libcuda.so"
ln -s "$UP/secret" "$TEST/self/rootfs/$libraries/libnvidia-ml.so.1"
everywhere "$TEST/self"

case_ "CVE-2025-23267: the loader's cache is a link to a file of the host"
for target in "$UP/etc/ld.so.cache" "$CANARY/etc/ld.so.cache" "/proc/self/root$CANARY/etc/ld.so.cache"; do
  rm -rf "$TEST"/cache*
  attacked "$TEST/cache"
  ln -sf "$target" "$TEST/cache/rootfs/etc/ld.so.cache"
  control "a tool that writes the root's cache writes the host's"
  "$naive" cache "$TEST/cache/rootfs"
  harmed
  canaries
  everywhere "$TEST/cache"
  umount "$TEST/cache/rootfs"
done

case_ "CVE-2025-23267: /etc and /etc/ld.so.conf.d are links to directories of the host"
attacked "$TEST/etc"
mv "$TEST/etc/rootfs/etc" "$TEST/etc/rootfs/etc.real"
ln -s "$UP/etc" "$TEST/etc/rootfs/etc"
control "a tool that writes the root's cache writes the host's"
"$naive" cache "$TEST/etc/rootfs"
harmed
canaries
everywhere "$TEST/etc"

case_ "a link inside the root is followed there, so that an image may have one"
attacked "$TEST/inner"
mv "$TEST/inner/rootfs/etc" "$TEST/inner/rootfs/config"
ln -s /config "$TEST/inner/rootfs/etc"
no_container
create "$TEST/inner"
grep -q libcuda.so.1 "$TEST/inner/rootfs/config/ld.so.cache"
policy

case_ "what is mounted below the root is not written, even where it is the host's"
attacked "$TEST/mounted"
mount --bind "$CANARY/etc" "$TEST/mounted/rootfs/etc"
mount --bind "$CANARY/lib" "$TEST/mounted/rootfs/usr/local/lib"
"$naive" cache "$TEST/mounted/rootfs"
harmed
canaries
umount "$TEST/mounted/rootfs/etc" "$TEST/mounted/rootfs/usr/local/lib"
mount --bind "$CANARY/etc" "$TEST/mounted/rootfs/etc"
mount --bind "$CANARY/lib" "$TEST/mounted/rootfs/usr/local/lib"
no_container
create "$TEST/mounted"
unharmed
has outboard-ld.so.cache "$(cat "$TEST/mounted/config.json")"
"$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete c-mounted
unharmed
policy

case_ "a root that is the host's own: nothing is written there"
bundle "$TEST/own" true NVIDIA_VISIBLE_DEVICES=all
sed -i 's#"path": "rootfs"#"path": "/"#' "$TEST/own/config.json"
no_container
cp /etc/ld.so.cache "$TEST/own.before"
create "$TEST/own"
cmp /etc/ld.so.cache "$TEST/own.before"
has outboard-ld.so.cache "$(cat "$TEST/own/config.json")"
