#!/usr/bin/env bash
# The cluster under faults: at least 500 seeds and twenty simulated hours, in two processes. Prints what each did; fewer hours than that fail, too.
cd "$(dirname "$0")/../.." || exit 1
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
tools/simulate --help >/dev/null || exit 1
seeds=250 hours=20
tools/simulate --runs $seeds --from 1 >"$log/1" 2>&1 & one=$!
tools/simulate --runs $seeds --from 1000001 >"$log/2" 2>&1 & other=$!
failed=0
wait $one || failed=1
wait $other || failed=1
cat "$log/1" "$log/2"
cat "$log/1" "$log/2" | awk -v hours=$hours '/simulated hours/ { sum += $1 } END { if (sum < hours) { print sum " simulated hours, fewer than " hours; exit 1 } }' || failed=1
exit $failed
