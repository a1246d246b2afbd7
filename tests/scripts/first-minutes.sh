#!/usr/bin/env bash
# What the README promises a new user: up, put, cas, get by quorum, a watch, a lease, a lock whose old tokens are refused, the leader killed, the same again, down.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
build_product
claim_cluster
kvctl() { "$kvctl" "$@"; }
trap 'kvctl local down --wipe --directory "$directory/c" >/dev/null 2>&1 || true; rm -rf "$directory"' EXIT
same() { [ "$1" = "$2" ] || { echo "expected '$2', got '$1'"; exit 1; }; }

kvctl local up --directory "$directory/c" --base-port "$base_port"
same "$(kvctl put a 1)" "revision 1"
kvctl put user/1 ada >/dev/null
same "$(kvctl scan user/)" "$(printf "user/1\tada")"
same "$(kvctl cas a 1 2)" "revision 2"
same "$(kvctl get a --quorum)" "2"
same "$(kvctl watch a --from-revision 1 --count 2)" "$(printf "1\tput\ta\t1\n2\tput\ta\t2")"
lease=$(kvctl lease grant 60s)
kvctl put worker/1 here --lease $lease >/dev/null
kvctl lease revoke $lease 2>/dev/null
code=0; until ! kvctl get worker/1 >/dev/null 2>&1; do code=$((code + 1)); [ $code -lt 100 ]; done
same "$(kvctl incr visits)" "1"
kvctl put user/2 bob >/dev/null
kvctl del user/2 >/dev/null
kvctl lock backup -- sh -c "'$kvctl' put report done --fence backup:\$KVCTL_FENCING_TOKEN" >/dev/null
same "$(kvctl get report)" "done"
code=0; kvctl put report late --fence backup:1 >/dev/null 2>&1 || code=$?
same $code 7
same "$(kvctl get report)" "done"
kvctl cluster status >/dev/null
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
kvctl local up --directory "$directory/c" --base-port "$base_port"
kvctl local down --directory "$directory/c"
kvctl local up --directory "$directory/c" --base-port "$base_port"
same "$(kvctl get a)" "3"
