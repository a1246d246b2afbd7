#!/usr/bin/env bash
# The short form of tools/soak: every nemesis for 20 seconds, each under another workload, one run after the other.
set -euo pipefail
jepsen=$(dirname "$0")/../../tools/jepsen
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
run() {
  local workload=$1 nemesis=$2 log=$out/$1-$2.log
  if ! "$jepsen" run --workload "$workload" --nemesis "$nemesis" --time 20s --out "$out/$workload-$nemesis" >"$log" 2>&1; then
    cat "$log"
    # The folder goes with this script; what is needed to look closer stays.
    kept=$(mktemp -d); cp -r "$out/$workload-$nemesis" "$kept"
    echo "kept: $kept"
    exit 1
  fi
  echo "= $workload under $nemesis: $(tail -n 1 "$log"), $(grep -E '^[0-9]+ faults' "$log")"
  grep -E '^leader killed' "$log" | sed 's/^/= /' || true
}
run cas kill
run register pause
run register partition
run set clock
run cas transfer
if [ "$(id -u)" -eq 0 ]; then run counter power,disk; else echo "skipped power and disk: need root (loop devices)"; fi
