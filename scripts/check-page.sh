#!/bin/sh
# Audits the studio page with Lighthouse: a scratch service with one film, each view at phone and desktop size.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
audit=$root/studio/audit
[ "$audit/node_modules/.package-lock.json" -nt "$audit/package-lock.json" ] ||
  (cd "$audit" && npm ci --no-audit --no-fund --silent)
for CHROMIUM in /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  [ ! -x "$CHROMIUM" ] || break
done
export CHROMIUM
. "$root/scripts/scratch-service.sh"
api() {
  curl --silent --show-error --fail --header "Authorization: Bearer $key" "$@"
}
brief='{"script": "Fresh bread, baked at dawn. Come by before it is gone.", "profile": "test"}'
job=$(api --json "$brief" "http://$address/api/v2/jobs" | sed 's/.*"job_id":"\([^"]*\)".*/\1/')
tries=0
until api "http://$address/api/v2/jobs/$job" | grep -q '"status":"done"'; do
  tries=$((tries + 1))
  [ "$tries" -le 120 ] || exit 1
  sleep 0.5
done
node "$audit/run.mjs" "http://$address" "$key" "$job"
