#!/usr/bin/env bash
# Every example of kvctl's help, as it stands there, against a cluster of three nodes: each ends with exit code 0. (That the reviewed help is the real one, HelpTests show.)
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
build_product
claim_cluster
# The examples say `kvctl`, also to a shell of their own, and start clusters on the default ports in the present folder.
mkdir "$directory/bin"
cat >"$directory/bin/kvctl" <<END
#!/bin/sh
case "\$1 \$2" in "local up") set -- "\$@" --base-port $base_port;; esac
exec "$kvctl" "\$@"
END
chmod +x "$directory/bin/kvctl"
export PATH=$directory/bin:$PATH
cd "$directory"
trap 'kvctl local down --wipe >"$directory/down" 2>&1 || cat "$directory/down"; rm -rf "$directory"' EXIT
count=0

pass() { count=$((count + 1)); }
fail() { echo "$1"; cat "$directory/out" "$directory/err"; exit 1; }
run() { bash -c "$1" </dev/null >"$directory/out" 2>"$directory/err" || fail "exit code $?: $1"; }
# Sets pid.
start() {
  : >"$directory/out"
  bash -c "exec $1" </dev/null >"$directory/out" 2>"$directory/err" & pid=$!
}

# An example that goes on until it is interrupted, which is done once it has said something and what comes with it has run.
interrupted() {
  local example=$1 code=0; shift
  start "$example"
  until [ -s "$directory/out" ]; do kill -0 $pid || fail "ended by itself: $example"; done
  local held=$pid
  "$@"
  kill -TERM $held
  wait $held || code=$?
  [ $code -eq 0 ] || fail "exit code $code after an interrupt: $example"
}

# One that waits for a write.
written() {
  local example=$1
  start "$example"
  while kill -0 $pid 2>/dev/null; do kvctl put user/1 ada >/dev/null; done
  wait $pid || fail "exit code $?: $example"
}

run "kvctl local up"
while read -r example; do
  case $example in
    "kvctl watch "*) written "$example" ;;
    "kvctl elect leader "*) interrupted "kvctl elect scheduler somebody" run "$example" ;;
    "kvctl elect "*) interrupted "$example" true ;;
    "kvctl local "*) run "kvctl local up"; run "$example"; [ "$example" != "kvctl local pause 1" ] || run "kvctl local resume 1" ;;
    *) run "$example" ;;
  esac
  pass
done < <(grep -A 1 '^Example:' "$root/tests/KvStore.Cli.Tests/Help.txt" | grep -v -e '^Example:' -e '^--')
[ $count -ge 35 ] || { echo "only $count examples were found"; exit 1; }
echo "= $count examples"
