#!/bin/sh
# If the project's path has a space, which breaks the build of jemalloc, prints a build folder
# in the user's cache, without a space. `target` is a link to it.
set -eu
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in *' '*) cache=${TMPDIR:-/tmp} ;; esac
folder="$cache/pytoon-target-$(pwd | cksum | cut -d ' ' -f 1)"
mkdir -p "$folder"
# Removes cargo's build output from before the project was moved.
if [ ! -L target ] && [ -f target/CACHEDIR.TAG ]; then rm -rf target; fi
[ -e target ] || [ -L target ] || ln -s "$folder" target
if [ -L target ] && [ "$(readlink target)" != "$folder" ]; then ln -sfn "$folder" target; fi
printf '%s\n' "$folder"
