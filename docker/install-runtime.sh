#!/bin/sh
# What the image has beyond Debian: FFmpeg, and a user of its own. Run as root, once.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# libstdc++6 is what the official Node binary is linked with; ca-certificates are for rtsps:// cameras.
apt-get install -q -y --no-install-recommends ffmpeg libstdc++6 ca-certificates
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb

groupadd --gid 10001 relay
useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin relay
