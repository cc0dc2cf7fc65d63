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
. "$root/scripts/scratch-service.sh"
cp "$root/schemathesis.toml" .
"$tools/bin/schemathesis" run "http://$address/openapi.json" --header "Authorization: Bearer $key" \
  --max-examples "${EXAMPLES:-60}" --continue-on-failure
