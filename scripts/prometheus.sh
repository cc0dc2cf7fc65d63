#!/bin/sh
# Unpacks Debian's Prometheus for the drills, without installing it: no service is started.
# Prints the program's path. Does nothing if one is on the path, or was unpacked before.
set -eu
if command -v prometheus >/dev/null 2>&1; then
  command -v prometheus
  exit 0
fi
folder=${XDG_CACHE_HOME:-$HOME/.cache}/pytoon-prometheus
program=$folder/usr/bin/prometheus
if [ ! -x "$program" ]; then
  command -v apt-get >/dev/null 2>&1 || {
    echo "prometheus.sh: install Prometheus (https://prometheus.io) so that it is on the path" >&2
    exit 1
  }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # As root, updates package lists that are missing or old; other users need current lists.
  (cd "$work" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; }) >&2
  mkdir -p "$folder"
  dpkg-deb -x "$work"/prometheus_*.deb "$folder"
fi
printf '%s\n' "$program"
