#!/bin/sh
# Renders one film with three engines, one of them failing, without a key and free of charge:
# pytoon-sim simulates the vendors on this machine.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-./target/demo}
OUT=${OUT:-out-engines}
WORK=$(mktemp -d)
trap 'kill "$SIM" 2>/dev/null || true; rm -rf "$WORK"' EXIT INT TERM

cat > "$WORK/scenario.json" <<'SCENARIO'
{"seed": 7, "defaults": {"queue_ms": 400, "run_ms": 1600},
 "rules": [{"vendor": "luma-agents", "step": "submit", "fault": "unavailable", "match": "harbour"}]}
SCENARIO

"$BIN/pytoon-sim" --listen 127.0.0.1:0 --scenario "$WORK/scenario.json" --clips "$WORK/clips" \
    --ready-file "$WORK/ready" > /dev/null &
SIM=$!
tries=0
while [ ! -s "$WORK/ready" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "pytoon-sim did not start" >&2; exit 1; }
    sleep 0.1
done
URL=$(cat "$WORK/ready")

mkdir -p "$WORK/config"
cat > "$WORK/config/defaults.yaml" <<CONFIG
storage_dir: "$WORK/storage"
CONFIG
cat > "$WORK/config/engine.yaml" <<CONFIG
v2:
  engines:
    runway: {base_url: $URL/runway, poll_interval_ms: 200}
    pika:
      base_url: $URL/fal
      poll_interval_ms: 200
      options: {upload_url: $URL/fal-rest, account_url: $URL/fal-api}
    luma: {base_url: $URL/luma-agents/v1, poll_interval_ms: 200, backoff: {initial_ms: 100, max_ms: 400, attempts: 2}}
CONFIG

# Any key is valid: the simulator charges nothing.
RUNWAY_API_KEY=rehearsal-runway PIKA_API_KEY=rehearsal-pika LUMA_API_KEY=rehearsal-luma \
    "$BIN/pytoon" --config "$WORK/config" render examples/engines.yaml --out "$OUT" \
    --metrics-out "$WORK/metrics.prom" --log-dir "$WORK/log"
echo
echo "What the log says of fallbacks:"
grep engine_fallback "$WORK/log/worker.log" || true
echo
echo "What the metrics say:"
grep -E '^pytoon_v2_engine_(invocations|fallbacks)_total.* [1-9]' "$WORK/metrics.prom"
echo
echo "The video:   $OUT/output.mp4"
echo "The receipt: $OUT/metadata.json (scenes, spend, degraded)"
