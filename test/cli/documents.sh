#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The documents against the programs: every command and option that they show exists, every file that they name is there, every
# verb of make is one, and every command line of README's "Use" that needs no container runs on a simulated machine.
set -euo pipefail
cd "$OUTBOARD_SOURCE"
PATH=$OUTBOARD_STAGE/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
say() { echo "$1"; bad=1; }
documents=(README.md CONTRIBUTING.md SECURITY.md doc/*.md)

echo "case: commands and options exist"
while IFS=: read -r file line text; do
  command=$(sed -E 's/.*outboard ([a-z]+).*/\1/' <<<"$text")
  help=$(outboard "$command" --help 2>/dev/null) || { say "$file:$line: no command 'outboard $command'"; continue; }
  for option in $(grep -oE -- ' --[a-z][a-z-]+' <<<"$text" || true); do
    case $option in --restart | --rm | --network | --name | --runtime) continue ;; esac  # the engine's own
    grep -qE -- "$option\b" <<<"$help" || say "$file:$line: 'outboard $command' has no option $option"
  done
done < <(grep -noE '(^|[ `(])outboard [a-z]+( [^`)|>#]*)?' "${documents[@]}" | grep -vE 'outboard (is|does|runs|works|has|never|costs|run over|over|project|without)\b' || true)

echo "case: files that are named exist"
while IFS=: read -r file line name; do
  name=${name//\`/}
  for candidate in "$name" "doc/$name" "src/$name"; do [ ! -e "$candidate" ] || continue 2; done
  say "$file:$line: no file '$name'"
done < <(grep -noE '`(doc|test|src|bench|sim|data|packaging|base|app)/[A-Za-z0-9_./-]+`' "${documents[@]}")

echo "case: the messages in doc/errors.md are in the source"
find src sim -name '*.cc' ! -name '*_test.cc' -exec cat {} + | tr '\n' ' ' | sed 's/" *"//g' >"$work/source"
while IFS= read -r message; do
  while read -r fragment; do
    [ -z "$fragment" ] || grep -qF -- "$fragment" "$work/source" || say "doc/errors.md: no message with '$fragment'"
  done <<<"${message//…/$'\n'}"
done < <(sed -n 's/^| `\([^`]*\)` |.*/\1/p' doc/errors.md)

echo "case: doc/configuration.md has every key of the policy file, and no other"
printf 'zzzzzz.zzzzzz = 1\n' >"$work/bad.toml"
mkdir "$work/bundle"
echo '{"process": {"env": ["NVIDIA_VISIBLE_DEVICES=0"]}}' >"$work/bundle/config.json"
outboard-runtime --outboard-config "$work/bad.toml" create --bundle "$work/bundle" keys >"$work/out" 2>&1 || true
diff <(grep -o 'known keys: .*' "$work/out" | sed 's/known keys: //; s/)$//; s/, /\n/g' | sort) \
  <(sed -n 's/^| `\([a-z]*\.[a-z-]*\)` |.*/\1/p' doc/configuration.md | sort) || say "doc/configuration.md differs"

echo "case: doctor's help has the exit codes that doc/doctor.md has"
codes=$(grep '^Exit codes: ' doc/doctor.md)
outboard doctor --help | tr -s ' \n' ' ' | grep -qF -- "$codes" || say "doctor --help does not say: $codes"

echo "case: verbs of make exist"
while IFS=: read -r file line verb; do
  verb=${verb##*make }
  grep -qE "^($verb|[a-z ]*\b$verb\b[a-z ]*):" Makefile || say "$file:$line: no 'make $verb'"
done < <(grep -noE '(^    |(^|[^|] |[^ ])`)make [a-z]+' "${documents[@]}")
# Run in full, without words that nobody gave: make's own variables have such names.
for verb in lint fuzz load; do
  for word in $(env -u MAKEFLAGS -u MAKEOVERRIDES make -n "$verb" | grep -E '^test/' | cut -s -d' ' -f2-); do
    [[ $word =~ ^[0-9]+$ ]] || say "make $verb: '$word' is handed on, which nobody asked for"
  done
done

echo "case: README's commands that start no container run on a simulated machine"
if [ "$(id -u)" = 0 ]; then
  outboard sim create --profile h200x4 "$work/machine" >/dev/null
  export OUTBOARD_ROOT=$work/machine
  while IFS= read -r text; do
    text=${text%%   *}
    text=${text//machine.json/$work/machine.json}
    case $text in *IMAGE* | *DIR* | *NAME* | *builtin*) continue ;; esac
    bash -c "$text" >"$work/out" 2>&1 || { say "README: '$text' failed"; cat "$work/out"; }
  done < <(sed -n '/^## Use/,/^`--gpus`/s/^    \(outboard .*\)/\1/p' README.md)
fi
exit $bad
