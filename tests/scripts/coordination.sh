#!/usr/bin/env bash
# Transactions, leases, watches, locks and elections on real processes under kill, pause and partition, 20 seconds each; and without fences the lock's run has to fail.
set -euo pipefail
jepsen=$(dirname "$0")/../../tools/jepsen
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
run() {
  local workload=$1 nemesis=$2 expected=$3 log=$out/$1.log code=0
  "$jepsen" run --workload "$workload" --nemesis "$nemesis" --time 20s --out "$out/$workload" >"$log" 2>&1 || code=$?
  if [ $code -ne "$expected" ] || { [ "$expected" -eq 1 ] && [ "$(tail -n 1 "$log")" != NotLinearizable ]; }; then
    cat "$log"
    # The folder goes with this script; what is needed to look closer stays.
    kept=$(mktemp -d); cp -r "$out/$workload" "$kept"
    echo "kept: $kept"
    exit 1
  fi
  echo "= $workload under $nemesis: $(tail -n 1 "$log"); $(grep -E '^done/failed/unknown' "$log")"
}
for workload in bank append lease watch election lock; do run $workload kill,pause,partition 0; done
run lock-without-fencing none 1
