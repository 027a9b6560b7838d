#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard check and the check before a pull, against a registry of the test's own: the answer comes from manifest and
# configuration, and the registry's log shows that no layer was asked for. Registries that are slow, gone or broken.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need docker-registry skopeo umoci busybox
outboard sim create --profile h200x1 --driver 535.104.05 "$TEST/machine" >/dev/null
export OUTBOARD_ROOT=$TEST/machine HOME=$TEST
policy

# A registry on a free port; its log names every request.
mkdir -p "$TEST/registry"
printf '%s\n' 'version: 0.1' 'log: {level: info}' 'http: {addr: "127.0.0.1:0"}' \
  "storage: {filesystem: {rootdirectory: $TEST/registry}, cache: {blobdescriptor: ''}}" >"$TEST/registry.yml"
docker-registry serve "$TEST/registry.yml" >"$TEST/registry.log" 2>&1 &
daemons+=($!)
port=
for _ in $(seq 100); do
  port=$(grep -aoE 'listening on 127\.0\.0\.1:[0-9]+' "$TEST/registry.log" | head -1 | grep -oE '[0-9]+$') && break
  sleep 0.1
done || true
[ -n "$port" ] || fail "docker-registry did not start"
registry=127.0.0.1:$port

# Images with one layer of a known digest: TAG and its variables.
mkdir -p "$TEST/files/bin"
cp "$(command -v busybox)" "$TEST/files/bin/busybox"
ln -s busybox "$TEST/files/bin/true"
umoci init --layout "$TEST/oci"
publish() {
  local tag=$1 options=() variable
  shift
  for variable; do options+=(--config.env "$variable"); done
  umoci new --image "$TEST/oci:$tag"
  umoci insert --image "$TEST/oci:$tag" "$TEST/files/bin" /bin
  umoci config --image "$TEST/oci:$tag" --architecture amd64 --os linux "${options[@]}"
  skopeo copy --quiet --dest-tls-verify=false "oci:$TEST/oci:$tag" "docker://$registry/cuda:$tag"
}
publish old CUDA_VERSION=12.1.0 NVIDIA_VISIBLE_DEVICES=all
publish new CUDA_VERSION=13.0.1 NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0"
publish driver "NVIDIA_REQUIRE_DRIVER=driver>=575"
inspected=$(skopeo inspect --tls-verify=false --no-tags "docker://$registry/cuda:new")
layer=$(grep -oE 'sha256:[0-9a-f]{64}' <<<"$inspected" | tail -1)

# What was asked for since the last call, one path a line.
requests() {
  sleep 0.2
  grep -aoE '"GET [^ ]+' "$TEST/registry.log" | sed 's/^"GET //' >"$TEST/requests"
  : >"$TEST/registry.log"
  cat "$TEST/requests"
}
requests >/dev/null

case_ "an image in a registry is judged by manifest and configuration: two requests, no layer"
outboard check "docker://$registry/cuda:old" >"$TEST/out"
has "(registry, amd64)" "$(cat "$TEST/out")"
has "CUDA 12.1.0: full" "$(cat "$TEST/out")"
asked=$(requests)
same "$(grep -c /blobs/ <<<"$asked")" 1
same "$(grep -c /manifests/ <<<"$asked")" 1
lacks "$layer" "$asked"
fails_with 3 "cuda-compat-13-0" outboard check "docker://$registry/cuda:new"
fails_with 1 "asks for driver>=575" outboard check "docker://$registry/cuda:driver"
lacks "$layer" "$(requests)"
# the control: what a pull looks like in that log
skopeo copy --quiet --src-tls-verify=false "docker://$registry/cuda:new" "dir:$TEST/pulled"
has "$layer" "$(requests)"

case_ "a name that no engine here has goes to the registry"
fails_with 3 "(registry, amd64)" env DOCKER_HOST=unix:///no/such outboard check --engine builtin "$registry/cuda:new"
lacks "$layer" "$(requests)"

case_ "what a registry can answer instead"
fails_with 4 "is not in registry '$registry'" outboard check "docker://$registry/cuda:nothing"
fails_with 4 "is not in registry '$registry'" outboard check "docker://$registry/nothing"
fails_with 4 "does not answer" outboard check "docker://127.0.0.1:1/cuda:old"
fails_with 4 "does not answer" outboard check "docker://no-such-host.invalid/cuda:old"
fails_with 2 "platform 'amd64' is none" outboard check --platform amd64 "docker://$registry/cuda:old"

case_ "a registry that never answers is an error after the deadline"
sleep 60 | busybox nc -l -p "$((port > 40000 ? port - 1 : port + 1))" >/dev/null &
daemons+=($!)
sleep 0.3
start=$SECONDS
fails_with 4 "did not answer within 2 s" outboard check --timeout 2 "docker://127.0.0.1:$((port > 40000 ? port - 1 : port + 1))/cuda:old"
[ $((SECONDS - start)) -lt 10 ] || fail "it took $((SECONDS - start)) s"

case_ "a registry whose blobs are cut off"
config=$(grep /blobs/ <<<"$asked" | grep -oE '[0-9a-f]{64}')
truncate -s -10 "$TEST/registry/docker/registry/v2/blobs/sha256/${config:0:2}/$config/data"
fails_with 4 "registry '$registry'" outboard check "docker://$registry/cuda:old"
manifest=$(cat "$TEST/registry/docker/registry/v2/repositories/cuda/_manifests/tags/driver/current/link")
manifest=${manifest#sha256:}
truncate -s -10 "$TEST/registry/docker/registry/v2/blobs/sha256/${manifest:0:2}/$manifest/data"
fails_with 4 "registry '$registry'" outboard check "docker://$registry/cuda:driver"

case_ "without skopeo"
mkdir "$TEST/empty"
fails_with 4 "without 'skopeo' its registry cannot be asked" env PATH="$TEST/empty" "$OUTBOARD_STAGE/bin/outboard" check "docker://$registry/cuda:new"
