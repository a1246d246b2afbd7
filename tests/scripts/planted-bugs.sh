#!/usr/bin/env bash
# Every planted bug is found where it is known to show.
set -euo pipefail
"$(dirname "$0")/../../tools/simulate" --plants pinned
