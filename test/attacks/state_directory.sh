#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The state directory (/run/outboard; here the policy's own): what others can write is not believed, links and mounts onto it are not
# followed, what is in it is never written through. Every attack has the control that root's own file is believed.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated a100x8-mig
state=$TEST/state
policy "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'"
request() { bundle "$TEST/b" true "NVIDIA_VISIBLE_DEVICES=${1:-0:0}"; }
edit() { create "$TEST/b" 2>"$TEST/errors" || fail "$(cat "$TEST/errors")"; }
remember() {  # everything that a create keeps, well over a second after the driver's files were made
  rm -rf "$state"
  request
  sleep 1.1
  edit
  ls "$state/nvml.json" "$state/driver-files" >/dev/null
}
remember
cp -a "$state" "$TEST/genuine"
restore() { rm -rf "$state"; cp -a "$TEST/genuine" "$state"; }
uuid=$(grep -o 'MIG-[0-9a-f-]*' "$state/nvml.json" | head -1)
other=MIG-11111111-2222-3333-4444-555555555555

# planted FILE OLD NEW MODE OWNER: the genuine file with one piece replaced
planted() {
  restore
  sed -i "s#$2#$3#g" "$state/$1"
  chmod "$4" "$state/$1"
  chown "$5" "$state/$1"
}

case_ "answers of NVML that another user planted"
asks_for_the_planted() { request "$other"; create "$TEST/b" >/dev/null 2>&1; }
planted nvml.json "$uuid" "$other" 0644 0:0
asks_for_the_planted || fail "the control: root's own file is believed"
for how in "0644 1234:0" "0666 0:0" "0664 0:1234" "0646 0:0"; do
  # shellcheck disable=SC2086  # two words
  planted nvml.json "$uuid" "$other" $how
  not asks_for_the_planted
done

case_ "a list of driver files that another user planted: no mount source of his choice"
genuine=$(driver_library libnvidia-ml)
genuine=${genuine#"$OUTBOARD_ROOT"}
chosen=${genuine%/*}/chosen-by-another-user
plants() { # MODE OWNER: is the planted file a mount source?
  planted driver-files "$genuine" "$chosen" "$1" "$2"
  request
  edit
  grep -q chosen-by-another-user "$TEST/b/config.json"
}
plants 0644 0:0 || fail "the control: root's own list is believed"
not plants 0644 1234:0
not plants 0666 0:0
not plants 0664 0:1234

case_ "a record of a container that another user planted: delete takes nothing away"
restore
request 0:0
edit
record=$(find "$state/containers" -type f | head -1)
: >"$TEST/b/rootfs/usr/lib/x86_64-linux-gnu/libcuda.so.1"
cp "$record" "$TEST/record"
delete() { "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete c-b; }
for how in "0600 1234:0" "0666 0:0"; do
  cp "$TEST/record" "$record"
  chmod "${how% *}" "$record"
  chown "${how#* }" "$record"
  delete
  [ -e "$TEST/b/rootfs/usr/lib/x86_64-linux-gnu/libcuda.so.1" ]
done
cp "$TEST/record" "$record"
chmod 0600 "$record"
chown 0:0 "$record"
delete
[ ! -e "$TEST/b/rootfs/usr/lib/x86_64-linux-gnu/libcuda.so.1" ] || fail "the control: root's own record is believed"

case_ "a record whose root has become a link to the host, or another root"
canaries
mkdir -p "$CANARY/usr/lib/x86_64-linux-gnu"
: >"$CANARY/usr/lib/x86_64-linux-gnu/libcuda.so.1"
mount --bind "$CANARY" "$CANARY"
canary_state >"$TEST/canary.before"
request 0:0
edit
umount "$TEST/b/rootfs"
rmdir "$TEST/b/rootfs"
ln -s "$CANARY" "$TEST/b/rootfs"
delete
unharmed
umount "$CANARY"
rm -rf "$TEST/b"

case_ "the directory itself: writable by others, another user's, a link, behind a link, a file, missing its parent"
canaries
for how in writable theirs link parent file fifo; do
  rm -rf "$state"
  case $how in
    writable) mkdir -m 1777 "$state" ;;
    theirs) mkdir "$state"; chown 1234 "$state" ;;
    link) ln -s "$CANARY/empty" "$state" ;;
    parent) mkdir "$TEST/real"; ln -sf "$CANARY" "$TEST/behind" ;;
    file) : >"$state" ;;
    fifo) mkfifo "$state" ;;
  esac
  if [ $how = parent ]; then sed -i "s#state-directory = .*#state-directory = '$TEST/behind/empty'#" "$POLICY"; fi
  request 0:0
  (ulimit -t 20; create "$TEST/b" timeout -s KILL 10) 2>"$TEST/errors" || fail "$how: $(cat "$TEST/errors")"
  unharmed
  case $how in writable | theirs) same "$(find "$state" -type f)" "" ;; esac
  if [ $how = parent ]; then policy "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'"; fi
done
rm -f "$state"

case_ "containers/ inside it: a link, another user's, another user's directory mounted there"
for how in link theirs mount; do
  restore
  rm -rf "$state/containers"
  case $how in
    link) ln -s "$CANARY/empty" "$state/containers" ;;
    theirs) mkdir "$state/containers"; chown 1234 "$state/containers" ;;
    mount) mkdir "$state/containers" "$TEST/theirs"; chown 1234 "$TEST/theirs"; mount --bind "$TEST/theirs" "$state/containers" ;;
  esac
  request 0:0
  edit
  unharmed
  same "$(find "$state/containers/" -type f)" ""
  [ $how != mount ] || umount "$state/containers"
done

case_ "hard links: a second name of a state file, and a state file that is a second name of the host's"
restore
ln "$state/nvml.json" "$TEST/second"
cp "$TEST/second" "$TEST/second.before"
ln -f "$CANARY/etc/ld.so.cache" "$state/driver-files"
touch "$OUTBOARD_ROOT/usr/lib/x86_64-linux-gnu" # so that both files are written again
rm "$state/nvml.json"
sleep 1.1
request 0:0
edit
cmp "$TEST/second" "$TEST/second.before"
same "$(cat "$CANARY/etc/ld.so.cache")" "the host's cache"

case_ "FIFOs, devices and directories in the places of state files"
for file in nvml.json driver-files; do
  for kind in fifo zero directory link; do
    restore
    rm -rf "${state:?}/$file"
    case $kind in
      fifo) mkfifo "$state/$file" ;;
      zero) mknod "$state/$file" c 1 5 ;;
      directory) mkdir "$state/$file" ;;
      link) ln -s "$CANARY/secret" "$state/$file" ;;
    esac
    request 0:0
    (ulimit -v 300000; create "$TEST/b" timeout -s KILL 10) 2>"$TEST/errors" || fail "$kind as $file: $(cat "$TEST/errors")"
    same "$(cat "$CANARY/secret")" "the host's secret"
  done
done

case_ "a root whose /etc leads to the state directory: nothing is written there"
restore
request 0:0
mv "$TEST/b/rootfs/etc" "$TEST/b/rootfs/etc.real"
ln -s "../../../../../../../../../..$state" "$TEST/b/rootfs/etc"
create "$TEST/b" >/dev/null 2>&1 || true
[ ! -e "$state/ld.so.cache" ]
rm "$TEST/b/rootfs/etc"
mkdir "$TEST/b/rootfs/etc"
mount --bind "$state" "$TEST/b/rootfs/etc"
request 0:0
create "$TEST/b" >/dev/null 2>&1 || true
[ ! -e "$state/ld.so.cache" ]
