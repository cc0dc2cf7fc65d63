#!/bin/sh
# Sends valid and invalid requests of docs/openapi.json to a scratch service, and checks that
# the description names every answer (Schemathesis). EXAMPLES sets the number of requests for each
# operation.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/pytoon-schemathesis
if [ ! -x "$tools/bin/schemathesis" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet schemathesis==4.32.5
fi
work=$(mktemp -d)
service=
trap 'if [ -n "$service" ]; then kill "$service"; wait "$service" || true; fi; rm -rf "$work"' EXIT
cp "$root/schemathesis.toml" "$work"
cd "$work"
"$program" --log-dir logs serve --port 0 >out 2>err &
service=$!
tries=0
until address=$(sed -n 's/.*"address":"\(127[0-9.:]*\)".*/\1/p' err out | head -1) && [ -n "$address" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ]; then
    cat out err >&2
    exit 1
  fi
  sleep 0.1
done
key=$(grep -oh 'pyt_[A-Za-z0-9]*' err out | head -1)
"$tools/bin/schemathesis" run "http://$address/openapi.json" --header "Authorization: Bearer $key" \
  --max-examples "${EXAMPLES:-60}" --continue-on-failure
