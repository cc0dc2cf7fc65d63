# Sourced by checks that need a running service: starts `$program` in a scratch folder, which is the current folder
# afterwards, and sets `address` and `key`. Stops the service and removes the folder when the script ends.
work=$(mktemp -d)
service=
trap 'if [ -n "$service" ]; then kill "$service"; wait "$service" || true; fi; rm -rf "$work"' EXIT
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
