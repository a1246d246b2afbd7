#!/usr/bin/env bash
# The short form of tools/soak kill: nothing acknowledged is lost.
set -euo pipefail
exec "$(dirname "$0")/../../tools/soak" kill --rounds 8 --all-every 4
