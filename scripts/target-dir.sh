#!/bin/sh
# Prints the folder to build in where the project's own path has a space, which the build of
# jemalloc cannot stand: one without, of the user's cache. `target` leads there.
set -eu
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in *' '*) cache=${TMPDIR:-/tmp} ;; esac
folder="$cache/pytoon-target-$(pwd | cksum | cut -d ' ' -f 1)"
mkdir -p "$folder"
# What cargo built here before the project was moved.
if [ ! -L target ] && [ -f target/CACHEDIR.TAG ]; then rm -rf target; fi
[ -e target ] || [ -L target ] || ln -s "$folder" target
if [ -L target ] && [ "$(readlink target)" != "$folder" ]; then ln -sfn "$folder" target; fi
printf '%s\n' "$folder"
