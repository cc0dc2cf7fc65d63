#!/bin/sh
# Compares the simulator's tables of fields with the types in the vendors' own packages, in the
# versions that the tables name. WRITE=1 rewrites the tables; NEWEST=1 uses the newest versions
# and so shows later changes. Needs Python and the package registries.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
packages="$root/scripts/contracts.txt"
tools=${XDG_CACHE_HOME:-$HOME/.cache}/pytoon-contracts${NEWEST:+-newest}
wanted=$(if [ -n "${NEWEST:-}" ]; then sed 's/==.*//' "$packages"; else cat "$packages"; fi)
if [ ! -f "$tools/wanted" ] || [ "$(cat "$tools/wanted")" != "$wanted" ] || [ -n "${NEWEST:-}" ]; then
  python3 -m venv "$tools"
  # shellcheck disable=SC2086 # One package in each word.
  "$tools/bin/pip" install --quiet --disable-pip-version-check --upgrade $wanted
  printf '%s\n' "$wanted" >"$tools/wanted"
fi
exec "$tools/bin/python" "$root/scripts/contracts.py" "$root/crates/pytoon-sim/contracts" ${WRITE:+--write}
