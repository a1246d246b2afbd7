# Sourced by the scripts in tools/: where things are, and building what is not built.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configuration=Release
server=$root/artifacts/KvStore.Server/KvStore.Server
kvctl=$root/artifacts/KvStore.Cli/kvctl
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

export KVSTORE_SERVER=$server
# A kvctl that is no native program looks for the runtime.
if [ -z "${DOTNET_ROOT:-}" ] && command -v dotnet >/dev/null; then DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")"); export DOTNET_ROOT; fi

need_sdk() {
  command -v dotnet >/dev/null || { echo "The .NET 10 SDK is missing: dotnet is not on the PATH (https://dotnet.microsoft.com/download)." >&2; exit 1; }
  dotnet --version >/dev/null 2>&1 || { echo "The .NET 10 SDK is missing; installed are: $(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')" >&2; exit 1; }
}

# stale OUTPUT SOURCE_DIR...: true when a source is newer than the output.
stale() {
  local output=$1; shift
  [ -f "$output" ] || return 0
  [ -n "$(find "$@" "$root/Directory.Build.props" "$root/Directory.Packages.props" "$root/tools/kvprofile/kvstore.mibc" \( -name bin -o -name obj \) -prune -o -type f -newer "$output" -print -quit)" ]
}

# build PROJECT...: quietly, and the compiler's words when it fails.
build() {
  need_sdk
  local log project
  log=$(mktemp)
  for project in "$@"; do
    if ! dotnet build "$root/$project" -c $configuration -v q -nologo >"$log" 2>&1; then
      cat "$log" >&2; rm -f "$log"
      echo "Building $project failed." >&2
      exit 1
    fi
  done
  rm -f "$log"
}

# publish PROJECT...: into artifacts/, as native programs, which neither start slowly nor compile while they run. Where there is no linker, or no such compiler in the registry, it says so
# and they run on the runtime, compiled ahead of time as far as that goes.
publish() {
  need_sdk
  local log project output linker variant
  linker=$(command -v clang || command -v gcc || echo "")
  [ -n "$linker" ] || echo "Neither clang nor gcc is installed: $* will run on the runtime." >&2
  log=$(mktemp)
  for project in "$@"; do
    output=$root/artifacts/$(basename "$project")
    for variant in ${linker:+"--use-current-runtime -p:PublishAot=true -p:CppCompilerAndLinker=$linker"} "--use-current-runtime --no-self-contained -p:PublishReadyToRun=true" ""; do
      rm -rf "$output"
      # shellcheck disable=SC2086
      dotnet publish "$root/$project" -c $configuration $variant -o "$output" -v q -nologo >"$log" 2>&1 && continue 2
      # What this machine or the registry lacks leads on to the next variant, what is wrong with the code does not.
      if [ -z "$variant" ] || grep -qE 'error (CS|CA|IL|IDE|RS)[0-9]+' "$log"; then break; fi
      echo "$project: $(grep -m 1 -oE 'error [^[]*' "$log"); it is built to run on the runtime." >&2
    done
    cat "$log" >&2; rm -f "$log"
    echo "Building $project failed." >&2
    exit 1
  done
  rm -f "$log"
}

build_product() {
  if stale "$server" "$root/src" || stale "$kvctl" "$root/src"; then
    echo "Building (one to two minutes the first time) …" >&2
    publish src/KvStore.Server src/KvStore.Cli
    touch "$server" "$kvctl"
  fi
}

jepsen_dll=$root/jepsen/KvStore.Jepsen/bin/$configuration/net10.0/KvStore.Jepsen.dll

build_jepsen() {
  build_product
  if stale "$jepsen_dll" "$root/src" "$root/jepsen/KvStore.Jepsen" "$root/jepsen/KvStore.Linearizability"; then build jepsen/KvStore.Jepsen; touch "$jepsen_dll"; fi
}

# planted_server: nodes are started from the build with planted bugs.
planted_server() {
  export KVSTORE_SERVER=$root/src/KvStore.Server/bin/Planted/net10.0/KvStore.Server.dll
  if stale "$KVSTORE_SERVER" "$root/src"; then
    echo "Building the server with planted bugs …" >&2
    configuration=Planted build src/KvStore.Server
    touch "$KVSTORE_SERVER"
  fi
}

# run_jepsen ARGUMENT...: as root in a mount namespace of its own, so that no mount outlives the run.
run_jepsen() {
  export KVSTORE_JEPSEN_RESULTS=${KVSTORE_JEPSEN_RESULTS:-$root/jepsen/results}
  if [ "$(id -u)" -eq 0 ] && command -v unshare >/dev/null && unshare --mount --propagation private true 2>/dev/null; then
    exec unshare --mount --propagation private dotnet "$jepsen_dll" "$@"
  fi
  exec dotnet "$jepsen_dll" "$@"
}

# claim_cluster: a directory and ports for a script's own cluster of three nodes. Sets directory, base_port for `kvctl local up --base-port`, which no other script that runs now has, and
# KVCTL_ENDPOINTS. Below the ports of outgoing connections, above those of jepsen's runs.
claim_cluster() {
  for base_port in $(seq 31600 10 31690); do
    exec {claim}>"${TMPDIR:-/tmp}/kvstore-ports-$base_port"
    if flock -n "$claim"; then
      directory=$(mktemp -d)
      export KVCTL_ENDPOINTS=http://127.0.0.1:$base_port,$((base_port + 1)),$((base_port + 2))
      return
    fi
    exec {claim}>&-
  done
  echo "Ten runs hold the ports from 31600 on already." >&2
  exit 1
}
