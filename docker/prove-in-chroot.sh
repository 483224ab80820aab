#!/usr/bin/env bash
# Runs the Dockerfile's own steps in Debian 13 roots, for machines that have no Docker: build, prune, run as the
# image's user on a read-only file system without capabilities, ask /healthz as the HEALTHCHECK does, stop by SIGTERM.
# What it cannot prove: the base images themselves, layers and caching, networks, compose.
# Needs root, debootstrap, unshare and setpriv.
# Usage: docker/prove-in-chroot.sh NODE22_BINARY NPM_FOLDER [PORT]     (NPM_FOLDER: lib/node_modules/npm of a Node)
set -euo pipefail
node=$(realpath "$1") npm=$(realpath "$2") port=${3:-18003}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
chmod 755 "$work"
service=''
finish() {
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT

# Mounts are private to a namespace of their own and go with it.
in_root() { # ROOT COMMAND...
  unshare --mount --propagation private bash -euc '
    root=$1; shift
    mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
    exec chroot "$root" env -i HOME=/root PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin "$@"
  ' _ "$@"
}

echo '> Debian 13 roots'
debootstrap --variant=minbase trixie "$work/image" >"$work/debootstrap.log" || { tail "$work/debootstrap.log"; exit 1; }
cp /etc/resolv.conf "$work/image/etc/"
cp -a "$work/image" "$work/build"

echo '> final stage: docker/install-runtime.sh'
cp docker/install-runtime.sh "$work/image/tmp/"
in_root "$work/image" sh /tmp/install-runtime.sh >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; exit 1; }
cp "$node" "$work/image/usr/local/bin/node"

echo '> build stage: every RUN of the Dockerfile'
in_root "$work/build" sh -c 'apt-get -q update && apt-get -q -y install --no-install-recommends libstdc++6' \
  >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; exit 1; }
mkdir -p "$work/build/usr/local/lib/node_modules" "$work/build/app"
cp "$node" "$work/build/usr/local/bin/node"
cp -a "$npm" "$work/build/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/build/usr/local/bin/npm"
cp -a package.json package-lock.json tsconfig.json src workers docker "$work/build/app/"
# The machine may reach its registry through a certificate authority of its own. A copy: nothing of the machine's
# is mounted into the roots but /dev, since what is installed there would write to it.
ca=()
cafile=$(npm config get cafile 2>/dev/null)
if [ -f "$cafile" ]; then
  cp "$cafile" "$work/build/root/registry-ca.crt"
  ca=(NPM_CONFIG_CAFILE=/root/registry-ca.crt)
fi
awk '/^FROM/ { stage++ } stage == 1 && /^RUN / { sub(/^RUN /, ""); print }' docker/Dockerfile >"$work/steps"
while read -r step; do
  echo "  $step"
  in_root "$work/build" env "${ca[@]}" sh -c "cd /app && $step" </dev/null
done <"$work/steps"
mkdir "$work/image/app"
cp -a "$work/build/app/package.json" "$work/build/app/node_modules" "$work/build/app/dist" "$work/image/app/"
du -sh "$work/image/app/node_modules" "$work/image/app/dist" | sed "s|$work/image||"

echo "> the service as uid 10001, read-only, without capabilities, on 127.0.0.1:$port"
unshare --mount --propagation private bash -euc '
  root=$1
  mount --bind "$root" "$root"; mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
  mount -o remount,bind,ro "$root"; mount -t tmpfs tmpfs "$root/tmp"
  exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --inh-caps=-all \
    --no-new-privs env -i --chdir=/app PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production HOST=127.0.0.1 \
    "PORT=$2" FFMPEG_PATH=/usr/bin/ffmpeg node dist/src/main.js
' _ "$work/image" "$port" >"$work/service.log" 2>&1 &
service=$!
health=$(sed -n 's/^  CMD \["node", "\(.*\)", "--health"\]$/\1/p' docker/Dockerfile)
[ -n "$health" ]
tries=0
until HOST=127.0.0.1 PORT=$port "$node" "$work/image/app/$health" --health; do
  tries=$((tries + 1))
  if [ "$tries" -ge 50 ] || ! kill -0 "$service" 2>/dev/null; then
    cat "$work/service.log"
    exit 1
  fi
  sleep 0.2
done
cut -c1-160 "$work/service.log"
kill -TERM "$service"
wait "$service" # its exit status is this script's, if it is not 0
service=''
echo 'ok: healthy, and SIGTERM ended it with status 0'
