#!/usr/bin/env bash
# A planted stale read is found (the seed plans to isolate the leader three times): the run ends NotLinearizable, and the timeline shows a get that cannot be placed.
set -euo pipefail
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
code=0
"$(dirname "$0")/../../tools/jepsen" run --workload cas --nemesis partition --time 20s --seed 491 --plant stale-read --out "$out/run" >"$out/log" 2>&1 || code=$?
[ $code -eq 1 ] && [ "$(tail -n 1 "$out/log")" = NotLinearizable ] || { cat "$out/log"; exit 1; }
# A title holds line breaks.
tr "\n" " " <"$out/run/timeline.html" | grep -qE '<div id="offending" class="bar offending"[^>]*>[0-9 ]*get' || { echo "no get stands out in the timeline"; exit 1; }
echo "= a planted stale read was found: $(grep -E '^[0-9]+ faults' "$out/log")"
