#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard doctor and a real containerd: what it reads from containerd's files is what 'containerd config dump' says; a daemon that has not
# read its configuration, one that is gone and one that is stopped; a program that never answers. In a mount namespace of its own, with
# an /etc and a /run/containerd of its own.
. "$(dirname "$0")/common.sh"
need_root
need containerd runc
if [ -z "${OUTBOARD_APART:-}" ]; then
  rm -rf "$TEST"
  OUTBOARD_APART=1 exec unshare -m --propagation private "$0"
fi
mkdir -p "$TEST"/etc.upper/containerd/conf.d "$TEST"/etc.work "$TEST"/run "$TEST"/root "$TEST"/state /run/containerd
mount -t overlay -o "lowerdir=/etc,upperdir=$TEST/etc.upper,workdir=$TEST/etc.work" overlay /etc
mount --bind "$TEST/run" /run/containerd
program=$(command -v containerd)
version=$(containerd --version | awk '{ print $3 }')
socket=/run/containerd/containerd.sock

doctor() {  # CODE ARGUMENT...
  local want=$1 code=0
  shift
  out=$(outboard doctor --no-nvml "$@" 2>&1 </dev/null) || code=$?
  [ "$code" = "$want" ] || fail "exit code $code, not $want, of doctor $*: $out"
  out=$(tr -s ' \n' ' ' <<<"$out")
}
start() {
  containerd >"$TEST/log" 2>&1 &
  daemons=($!)
  for _ in $(seq 100); do [ -S $socket ] && ctr version >/dev/null 2>&1 && return; sleep 0.1; done
  fail "containerd did not start: $(tail -3 "$TEST/log")"
}
stop() { kill "${daemons[0]}"; wait "${daemons[0]}" || true; daemons=(); }
# config [LINE...]: config.toml, in version 2, which every containerd since 1.3 reads
config() { printf '%s\n' 'version = 2' "root = '$TEST/root'" "state = '$TEST/state'" "$@" >/etc/containerd/config.toml; }
cri='plugins."io.containerd.grpc.v1.cri".containerd'
# dumped KEY: its value in containerd's own view of its configuration, the first that the CRI plugin has
dumped() { containerd config dump 2>/dev/null | awk -v key="$1" '$1 == key { gsub(/["\047]/, "", $3); print $3; exit }'; }
agree() {
  local runtimes manager=cgroupfs
  runtimes=$(containerd config dump 2>/dev/null | grep -cE "containerd\.runtimes\.[^].]+\]$")
  ! containerd config dump 2>/dev/null | grep -q 'SystemdCgroup = true' || manager=systemd
  doctor 0 --verbose containerd
  has "ok containerd: containerd $version at $program; default '$(dumped default_runtime_name)' of $runtimes, cgroup manager $manager" "$out"
}

case_ "a daemon that runs: version, default runtime, registered runtimes as containerd itself sees them"
config
start
agree
config "[$cri]" 'default_runtime_name = "ours"' "[$cri.runtimes.ours]" 'runtime_type = "io.containerd.runc.v2"' \
  "[$cri.runtimes.ours.options]" "BinaryName = \"$RUNTIME\"" 'SystemdCgroup = true'

case_ "what was changed after it started, it has not read; started again, it has"
doctor 3 containerd
has "'/etc/containerd/config.toml' was changed after containerd started" "$out"
has "mend sudo systemctl restart containerd" "$out"
stop
start
agree
has "default 'ours' of " "$out"
has "cgroup manager systemd" "$out"
stop

case_ "imports: doctor and containerd agree on what is left of the main file's section"
main=("imports = ['/etc/containerd/conf.d/*.toml']" "[$cri.runtimes.main]" 'runtime_type = "io.containerd.runc.v2"')
printf '%s\n' 'version = 2' "[$cri]" 'default_runtime_name = "more"' "[$cri.runtimes.more]" 'runtime_type = "io.containerd.runc.v2"' \
  "[$cri.runtimes.more.options]" "BinaryName = \"$RUNTIME\"" >/etc/containerd/conf.d/99-more.toml
config "${main[@]}"
agree
config  # nobody imports it now
agree
has "default 'runc'" "$out"
config "imports = ['/etc/containerd/none.toml']"
not containerd config dump >/dev/null 2>&1
doctor 1 containerd
has "'/etc/containerd/none.toml', which '/etc/containerd/config.toml' imports, does not exist" "$out"

case_ "a program that is gone, a file that is none"
config "[$cri.runtimes.runc]" 'runtime_type = "io.containerd.runc.v2"' "[$cri.runtimes.gone]" 'runtime_type = "io.containerd.runc.v2"' "[$cri.runtimes.gone.options]" 'BinaryName = "/nowhere/runc"'
doctor 3 containerd
has "the runtime 'gone' is '/nowhere/runc', which does not exist" "$out"
config "[$cri"
not containerd config dump >/dev/null 2>&1
doctor 1 containerd
has "/etc/containerd/config.toml: line 4: " "$out"

case_ "CDI: who knows it, and has it switched on, as containerd's dump says"
config
mkdir -p /etc/cdi
echo '{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "all", "containerEdits": {}}]}' >/etc/cdi/nvidia.json
doctor 0 --verbose containerd-cdi
case $(dumped enable_cdi) in
  "") has "note containerd-cdi: containerd $version knows no CDI; 1.7 is the first" "$out" ;;
  false) has "does not use CDI: enable_cdi is not set" "$out" ;;
  true) has "ok containerd-cdi: /etc/cdi, /var/run/cdi" "$out" ;;
esac

case_ "a daemon that was stopped does not hold anybody up; one that was killed leaves a socket where nobody listens"
start
kill -STOP "${daemons[0]}"
start_time=$(date +%s%N)
doctor 0 containerd
took=$((($(date +%s%N) - start_time) / 1000000))
[ $took -le 2000 ] || fail "took $took ms"
kill -KILL "${daemons[0]}"
wait "${daemons[0]}" 2>/dev/null || true
daemons=()
doctor 3 containerd
has "its socket is there, but nobody listens" "$out"
doctor 1 --engine containerd containerd
rm $socket
doctor 1 --engine containerd containerd
has "containerd is installed, but has no socket" "$out"
doctor 0 containerd

case_ "--container: one of containerd's, by id, by the beginning of it, by the names that Kubernetes gave; one that has ended"
start
# $TEST/rootfs is the machine's own packages
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
run() {  # ID [OPTION...]
  local id=$1
  shift
  ctr -n k8s.io run -d "$@" --rootfs "$TEST/rootfs" "$id" /bin/sleep 1000 </dev/null >"$TEST/ctr.out" 2>&1 || fail "ctr run: $(cat "$TEST/ctr.out")"
}
run web-1111 --device /dev/null --annotation io.kubernetes.cri.container-type=container \
  --annotation io.kubernetes.cri.container-name=worker --annotation io.kubernetes.cri.sandbox-name=train-0
run web-2222
for name in web-1111 web-1 worker train-0; do
  doctor 1 --engine containerd --container $name
  has "it was started without a GPU" "$out"
done
doctor 1 --container worker
has "it was started without a GPU" "$out"
doctor 2 --engine containerd --container web-
has "'web-' means 2 running containers: web-1111 (worker, train-0); web-2222" "$out"
doctor 1 --engine containerd --container nobody
has "no running container 'nobody'" "$out"
doctor 1 --engine docker --container web-1111
has "no running container 'web-1111'" "$out"
ctr -n k8s.io task kill -s KILL web-2222
for _ in $(seq 50); do [ "$(ctr -n k8s.io task ls | awk '$1 == "web-2222" { print $3 }')" = STOPPED ] && break; sleep 0.1; done
doctor 1 --engine containerd --container web-2222
has "the containerd container 'web-2222' does not run" "$out"
ctr -n k8s.io task rm -f web-1111 web-2222 >/dev/null 2>&1 || true
stop

case_ "a containerd that never answers is given up"
printf '#!/bin/sh\nsleep 60\n' >"$TEST/slow"
chmod 755 "$TEST/slow"
mount --bind "$TEST/slow" "$program"
start_time=$(date +%s%N)
doctor 0 --verbose containerd containerd-cdi
took=$((($(date +%s%N) - start_time) / 1000000))
umount "$program"
has "unknown containerd: its version: " "$out"
[ $took -le 2000 ] || fail "took $took ms"
