#!/bin/sh
# Leaves in node_modules only the native binaries that this platform and this Node load: 330 MB less.
# Usage: prune-node-modules.sh [NODE_MODULES]
set -eu
cd "${1:-node_modules}"

platform=$(node -p process.platform)
arch=$(node -p process.arch)
abi=$(node -p process.versions.modules)
uws="uws_${platform}_${arch}_${abi}.node"
turbo="jpeg-turbo-${platform}-${arch}"

# Without these the image would build and not start.
[ -f "uWebSockets.js/$uws" ] || { echo "uWebSockets.js has no $uws: use a Node version that it has" >&2; exit 1; }
[ -d "jpeg-turbo/prebuilds/$turbo" ] || { echo "jpeg-turbo has no $turbo" >&2; exit 1; }

find uWebSockets.js -name 'uws_*.node' ! -name "$uws" -delete
find jpeg-turbo/prebuilds -mindepth 1 -maxdepth 1 ! -name "$turbo" -exec rm -rf {} +
# The image has Debian's FFmpeg and FFMPEG_PATH names it: the bundled binary (66 MB, of 2018) is never run.
find @ffmpeg-installer -mindepth 1 -maxdepth 1 ! -name ffmpeg -exec rm -rf {} +

# What a missing or wrong file would break, now and not in production.
node -e 'require("uWebSockets.js"); require("jpeg-turbo"); require("koffi");'
