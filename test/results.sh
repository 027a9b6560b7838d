# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Counting, for test/run and test/lint: one line a test, and the closing line "N passed, N failed, N skipped". Where
# OUTBOARD_RESULTS names a file the counts are also added there, so that .ci/run can sum several runs.
passed_count=0
failed_count=0
skipped_count=0
failed_names=()

passed() {  # NAME SECONDS [COUNT]
  passed_count=$((passed_count + ${3:-1}))
  printf 'ok    %-44s %4s s%s\n' "$1" "$2" "${3:+  $3 cases}"
}
failed() {  # NAME SECONDS
  failed_count=$((failed_count + 1))
  failed_names+=("$1")
  printf 'FAIL  %-44s %4s s\n' "$1" "$2"
}
skipped() {  # NAME WHY
  skipped_count=$((skipped_count + 1))
  printf 'skip  %-44s %s\n' "$1" "$2"
}
closing_line() {  # prints it, and returns what the script should exit with
  [ ${#failed_names[@]} -eq 0 ] || printf 'failed: %s\n' "${failed_names[*]}"
  [ -z "${OUTBOARD_RESULTS:-}" ] || echo "$passed_count $failed_count $skipped_count" >>"$OUTBOARD_RESULTS"
  echo "$passed_count passed, $failed_count failed, $skipped_count skipped"
  [ "$failed_count" -eq 0 ]
}
