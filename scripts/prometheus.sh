#!/bin/sh
# Puts Debian's Prometheus where the drills find it, without installing it: no service is started.
# Prints the program. Does nothing where one is on the path, or was put there before.
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
  # Lists that are missing or old are fetched where this is root; others have them.
  (cd "$work" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; }) >&2
  mkdir -p "$folder"
  dpkg-deb -x "$work"/prometheus_*.deb "$folder"
fi
printf '%s\n' "$program"
