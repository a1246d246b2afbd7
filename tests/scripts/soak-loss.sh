#!/usr/bin/env bash
# The short form of tools/soak kill and tools/soak power: nothing acknowledged is lost.
set -euo pipefail
soak=$(dirname "$0")/../../tools/soak
"$soak" kill --rounds 20 --all-every 5
if [ "$(id -u)" -eq 0 ]; then "$soak" power --rounds 5; else echo "skipped power cuts: need root (loop devices)"; fi
