#!/usr/bin/env bash
# Installs the foreign gRPC implementations that the interop tests talk to. Run as root; does nothing where all is there.
#   apt: etcd, Python's grpcio (C-core) and protobuf, protoc       npm: @grpc/grpc-js, into artifacts/interop/node
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

packages=(etcd-server python3-grpcio python3-protobuf protobuf-compiler)
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  # Debian's etcd-server starts a service on installation unless a policy forbids it.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q --no-install-recommends "${missing[@]}" || { apt-get update -q; apt-get install -y -q --no-install-recommends "${missing[@]}"; }
  if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" etcd-server "* ]]; then
    systemctl disable --now etcd.service
  fi
fi

cache="$root/artifacts/interop/node"
mkdir -p "$cache"
if ! cmp -s "$here/node/package-lock.json" "$cache/package-lock.json" || [ ! -d "$cache/node_modules/@grpc/grpc-js" ]; then
  cp "$here/node/package.json" "$here/node/package-lock.json" "$cache/"
  rm -rf "$cache/node_modules"
  npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund
fi
