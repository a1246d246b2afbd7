#!/usr/bin/env bash
# Twenty simulated hours of the cluster under faults, over at least 500 seeds: two processes, ten hours each. Prints what each did.
cd "$(dirname "$0")/../.." || exit 1
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
tools/simulate --help >/dev/null || exit 1
hours=${SIMULATED_HOURS:-20}
tools/simulate --hours $((hours / 2)) --from 1 >"$log/1" 2>&1 & one=$!
tools/simulate --hours $((hours - hours / 2)) --from 1000001 >"$log/2" 2>&1 & other=$!
failed=0
wait $one || failed=1
wait $other || failed=1
cat "$log/1" "$log/2"
exit $failed
