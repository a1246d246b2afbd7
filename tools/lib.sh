# Sourced by the scripts in tools/: where things are, and building what is not built.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configuration=Release
server_dll=$root/artifacts/KvStore.Server/KvStore.Server.dll
kvctl_dll=$root/artifacts/KvStore.Cli/kvctl.dll
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

export KVSTORE_SERVER_DLL=$server_dll

need_sdk() {
  command -v dotnet >/dev/null || { echo "The .NET 10 SDK is missing: dotnet is not on the PATH (https://dotnet.microsoft.com/download)." >&2; exit 1; }
  dotnet --version >/dev/null 2>&1 || { echo "The .NET 10 SDK is missing; installed are: $(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')" >&2; exit 1; }
}

# stale OUTPUT SOURCE_DIR...: true when a source is newer than the output.
stale() {
  local output=$1; shift
  [ -f "$output" ] || return 0
  [ -n "$(find "$@" "$root/Directory.Build.props" "$root/Directory.Packages.props" \( -name bin -o -name obj \) -prune -o -type f -newer "$output" -print -quit)" ]
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

# publish PROJECT...: into artifacts/, compiled ahead of time where the registry serves the compiler for this machine: a fresh process
# otherwise spends its first seconds in the JIT.
publish() {
  need_sdk
  local log project output
  log=$(mktemp)
  for project in "$@"; do
    output=$root/artifacts/$(basename "$project")
    if ! dotnet publish "$root/$project" -c $configuration --use-current-runtime --no-self-contained -p:PublishReadyToRun=true -o "$output" -v q -nologo >"$log" 2>&1 &&
       ! { grep -qE 'NETSDK1094|NU1101|NU1102|NU1301' "$log" && dotnet publish "$root/$project" -c $configuration -o "$output" -v q -nologo >"$log" 2>&1; }; then
      cat "$log" >&2; rm -f "$log"
      echo "Building $project failed." >&2
      exit 1
    fi
  done
  rm -f "$log"
}

build_product() {
  if stale "$server_dll" "$root/src" || stale "$kvctl_dll" "$root/src"; then
    echo "Building (about a minute the first time) …" >&2
    publish src/KvStore.Server src/KvStore.Cli
    touch "$server_dll" "$kvctl_dll"
  fi
}

jepsen_dll=$root/jepsen/KvStore.Jepsen/bin/$configuration/net10.0/KvStore.Jepsen.dll

build_jepsen() {
  build_product
  if stale "$jepsen_dll" "$root/src" "$root/jepsen/KvStore.Jepsen" "$root/jepsen/KvStore.Linearizability"; then build jepsen/KvStore.Jepsen; touch "$jepsen_dll"; fi
}

# planted_server: nodes are started from the build with planted bugs.
planted_server() {
  export KVSTORE_SERVER_DLL=$root/src/KvStore.Server/bin/Planted/net10.0/KvStore.Server.dll
  if stale "$KVSTORE_SERVER_DLL" "$root/src"; then
    echo "Building the server with planted bugs …" >&2
    configuration=Planted build src/KvStore.Server
    touch "$KVSTORE_SERVER_DLL"
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
