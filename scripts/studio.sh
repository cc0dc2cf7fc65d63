#!/bin/sh
# Builds the studio page from studio/ into studio/dist/, which `crates/pytoon-studio` embeds. Does nothing if neither the
# sources nor docs/openapi.json have changed since the last build.
set -eu
cd "$(dirname "$0")/../studio"
command -v npm >/dev/null || {
  echo "studio: npm is missing: run make setup" >&2
  exit 1
}
# Names and contents of all sources.
stamp=$(find src index.html inspect.html package.json package-lock.json build.mjs tsconfig.json ../docs/openapi.json \
  -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16)
[ "$(cat dist/stamp 2>/dev/null)" != "$stamp" ] || exit 0
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent
printf 'studio: '
npm run --silent build
echo "$stamp" >dist/stamp
