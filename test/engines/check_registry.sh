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
mkdir -p "$TEST/files/cuda-13.0/lib64"
echo x >"$TEST/files/cuda-13.0/lib64/libcudart.so.13.0.96"
umoci init --layout "$TEST/oci"
publish() {
  local tag=$1 options=() variable
  shift
  for variable; do options+=(--config.env "$variable"); done
  umoci new --image "$TEST/oci:$tag"
  umoci insert --image "$TEST/oci:$tag" "$TEST/files/bin" /bin
  umoci insert --image "$TEST/oci:$tag" "$TEST/files/cuda-13.0" /usr/local/cuda-13.0
  umoci config --image "$TEST/oci:$tag" --architecture amd64 --os linux "${options[@]}"
  skopeo copy --quiet --dest-tls-verify=false "oci:$TEST/oci:$tag" "docker://$registry/cuda:$tag"
}
publish old CUDA_VERSION=12.1.0 NVIDIA_VISIBLE_DEVICES=all
publish new CUDA_VERSION=13.0.1 NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0"
publish driver "NVIDIA_REQUIRE_DRIVER=driver>=575"
for tag in old new driver; do
  skopeo inspect --raw --tls-verify=false "docker://$registry/cuda:$tag" | sed 's/.*"layers"//' | grep -oE 'sha256:[0-9a-f]{64}'
done >"$TEST/layers"

# What was asked for since the last call, one path a line.
requests() {
  sleep 0.2
  { grep -aoE '"GET [^ ]+' "$TEST/registry.log" || true; } | sed 's/^"GET //' >"$TEST/requests"
  : >"$TEST/registry.log"
  cat "$TEST/requests"
}
requests >/dev/null
no_layer() { not grep -Ff "$TEST/layers" <<<"$1"; }
some_layer() { grep -qFf "$TEST/layers" <<<"$1" || fail "no layer among: $1; $(tail -3 "$TEST/out")"; }

case_ "an image in a registry is judged by manifest and configuration: two requests, no layer"
outboard check "docker://$registry/cuda:old" >"$TEST/out"
has "(registry, amd64)" "$(cat "$TEST/out")"
has "CUDA 12.1.0: full" "$(cat "$TEST/out")"
asked=$(requests)
same "$(grep -c /blobs/ <<<"$asked")" 1
same "$(grep -c /manifests/ <<<"$asked")" 1
no_layer "$asked"
fails_with 3 "cuda-compat-13-0" outboard check "docker://$registry/cuda:new"
fails_with 1 "asks for driver>=575" outboard check "docker://$registry/cuda:driver"
no_layer "$(requests)"
# the control: what a pull looks like in that log
skopeo copy --quiet --src-tls-verify=false "docker://$registry/cuda:new" "dir:$TEST/pulled"
some_layer "$(requests)"

case_ "a name that no engine here has goes to the registry"
fails_with 3 "(registry, amd64)" env DOCKER_HOST=unix:///no/such outboard check --engine builtin "$registry/cuda:new"
no_layer "$(requests)"

# refused COMMAND...: refused before the pull, and the log shows no layer
refused() {
  fails_with 125 "NVIDIA_REQUIRE_DRIVER asks for driver>=575, and the driver is 535.104.05" "$@"
  no_layer "$(requests)"
}
# pulled COMMAND...: the control: it gets past that check, whatever becomes of it then
pulled() {
  "$@" >"$TEST/out" 2>&1 || true
  some_layer "$(requests)"
}
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >"$TEST/registries.conf"
mkdir -p "$TEST/.config/containers"
cp "$TEST/registries.conf" "$TEST/.config/containers/registries.conf"  # what skopeo reads
export CONTAINERS_REGISTRIES_CONF=$TEST/registries.conf CONTAINERS_CONF=$TEST/containers.conf CONTAINERS_STORAGE_CONF=$TEST/storage.conf
: >"$CONTAINERS_CONF"
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$TEST/podman/root" "$TEST/podman/run" >"$CONTAINERS_STORAGE_CONF"
image=$registry/cuda:driver
for engine in builtin podman; do
  case_ "outboard run --engine $engine refuses before the pull"
  [ $engine = builtin ] || need podman
  refused outboard run --engine $engine "$image" true
  pulled outboard run --engine $engine -e NVIDIA_DISABLE_REQUIRE=true "$image" true
done

case_ "docker, its daemon untouched"
start_docker
refused outboard run --engine docker "$image" true
refused outboard run --engine docker --pull always "$image" true
pulled outboard run --engine docker -e NVIDIA_DISABLE_REQUIRE=true "$image" true

case_ "an image that docker has is judged without its registry, with its files"
outboard check --engine docker "$image" >"$TEST/out" 2>&1 || true
has "(docker, amd64" "$(cat "$TEST/out")"
if [ "$(docker info --format '{{.Driver}}')" = overlay2 ]; then has "libcudart 13.0.96" "$(cat "$TEST/out")"; fi
same "$(requests)" ""

case_ "docker through its registered runtime"
docker image rm "$image" >/dev/null
refused with_policy outboard run --engine docker --verbose "$image" true
pulled with_policy outboard run --engine docker -e NVIDIA_DISABLE_REQUIRE=true "$image" true

case_ "what forward compatibility could meet is pulled to see"
pulled outboard run --engine builtin "$registry/cuda:new" true

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
