#!/bin/sh
# Runs a tool of `make check` or `make test`, in the version that scripts/tools.txt names. The first call
# installs all of them from PyPI into a folder of the user's cache; later calls start immediately.
#
#   scripts/tools.sh TOOL [ARGUMENT ...]      such as: scripts/tools.sh typos
#
# `cargo-machete` has no PyPI package; cargo builds it once.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/pytoon-tools
machete=0.9.2
wanted=$(cat "$root/scripts/tools.txt"; echo "cargo-machete==$machete")
if [ "$(cat "$tools/wanted" 2>/dev/null)" != "$wanted" ]; then
  echo "tools: installing $(echo "$wanted" | sed 's/astral-dev-toolchain-//; s/==/ /' | tr '\n' ',' | sed 's/,$//; s/,/, /g')" >&2
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$root/scripts/tools.txt"
  CARGO_TARGET_DIR="$tools/target" cargo install --quiet --locked --root "$tools" --version "$machete" cargo-machete
  rm -rf "$tools/target"
  printf '%s\n' "$wanted" >"$tools/wanted"
fi
tool=$1
shift
exec "$tools/bin/$tool" "$@"
