#!/usr/bin/env bash
# What the README promises a new user: up, put, cas, get by quorum, the leader killed, the same again, down.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
build_product
directory=$(mktemp -d)
export KVCTL_ENDPOINTS=http://127.0.0.1:7801,http://127.0.0.1:7802,http://127.0.0.1:7803
kvctl() { dotnet "$kvctl_dll" "$@"; }
trap 'kvctl local down --wipe --directory "$directory/c" >/dev/null 2>&1 || true; rm -rf "$directory"' EXIT
same() { [ "$1" = "$2" ] || { echo "expected '$2', got '$1'"; exit 1; }; }

kvctl local up --directory "$directory/c" --base-port 7801
same "$(kvctl put a 1)" "revision 1"
kvctl put user/1 ada >/dev/null
same "$(kvctl scan user/)" "$(printf "user/1\tada")"
same "$(kvctl cas a 1 2)" "revision 2"
same "$(kvctl get a --quorum)" "2"
code=0; kvctl cas a 1 3 >/dev/null 2>&1 || code=$?
same $code 4
code=0; kvctl get nothing >/dev/null 2>&1 || code=$?
same $code 3
code=0; kvctl put "" x >/dev/null 2>&1 || code=$?
[ $code -ne 0 ]
leader=$(kvctl cluster map -o json | tr -d '\n ' | grep -oE '"leader_?[nN]ode":[0-9]+|"leader":[0-9]+' | head -n 1 | grep -oE '[0-9]+$')
kvctl local kill "${leader:-1}" --directory "$directory/c"
same "$(kvctl get a --quorum)" "2"
same "$(kvctl put a 3)" "revision 3"
kvctl local restart "${leader:-1}" --directory "$directory/c"
same "$(kvctl get a --quorum)" "3"
kvctl local up --directory "$directory/c" --base-port 7801
kvctl local down --directory "$directory/c"
kvctl local up --directory "$directory/c" --base-port 7801
same "$(kvctl get a)" "3"
