#!/bin/sh
# Checks the files that run pytoon as a service: that they can be parsed, that alerts fire when they
# should and only then, and that pytoon has every metric that they name.
#
#   scripts/check-deploy.sh
#
# The check of metrics needs no tool. The others need one each; a check without its tool is skipped, and
# its name is printed:
#   promtool            Debian: prometheus
#   python3 with yaml   Debian: python3-yaml
#   check-jsonschema    PyPI; includes the schema of compose files
#   kubernetes-validate PyPI; includes the schemas of Kubernetes
set -eu
cd "$(dirname "$0")/.."

failed=0
skipped=
bad() {
  printf 'check-deploy: %s\n' "$*" >&2
  failed=1
}
ok() { printf 'ok       %s\n' "$*"; }
skip() {
  printf 'skipped  %s\n' "$*"
  skipped=yes
}
have() { command -v "$1" >/dev/null 2>&1; }

# ---- metrics -----------------------------------------------------------------
sources='crates/pytoon-telemetry/src/metric.rs crates/pytoon-api/src/health.rs'
users='deploy/prometheus/alerts.yml deploy/prometheus/alerts_test.yml deploy/grafana/pytoon.json
deploy/kubernetes/worker.yaml deploy/kubernetes/metrics-adapter-values.yaml
docs/guides/running-as-a-service.md'
# Names are in quotes in the source. A counter, gauge or histogram begins with pytoon_.
# shellcheck disable=SC2086 # the lists are words on purpose
known=$(sed 's|^ *//.*||' $sources | grep -oE '"pytoon_[a-z0-9_]+"' | tr -d '"' | sort -u)
[ -n "$known" ] || bad "no metrics were found in $sources"
for file in $users; do
  [ -f "$file" ] || bad "$file is missing"
done
# Prints "file name" for every named metric, whichever half of its name is misspelt.
named() {
  for file in $users; do
    grep -oE '[A-Za-z0-9_:]*(pytoon_[a-z]|_v2_)[A-Za-z0-9_:]*' "$file" | sort -u | sed "s|^|$file |"
  done
}
count=0
for pair in $(named | tr ' ' '='); do
  file=${pair%%=*}
  name=${pair#*=}
  count=$((count + 1))
  found=no
  for try in "$name" "${name%_bucket}" "${name%_sum}" "${name%_count}"; do
    case "
$known
" in
      *"
$try
"*) found=yes ;;
    esac
  done
  [ "$found" = yes ] || bad "$file: there is no metric $name"
done
[ "$failed" = 1 ] || ok "metrics: $count names in $(echo "$users" | wc -w) files, all in the source"

# The alerts of the file and those of its tests are the same.
for alert in $(sed -n 's/^ *- alert: *//p' deploy/prometheus/alerts.yml); do
  grep -q "alertname=\"$alert\"" deploy/prometheus/alerts_test.yml ||
    bad "deploy/prometheus/alerts_test.yml does not show $alert firing"
done
# Each alert has all annotations that an operator on call needs.
rules=$(grep -c '^ *- alert:' deploy/prometheus/alerts.yml)
for field in severity summary description runbook; do
  told=$(grep -cE "(^ *|\{)$field: " deploy/prometheus/alerts.yml) || true
  [ "$told" -eq "$rules" ] || bad "deploy/prometheus/alerts.yml: $rules alerts, but $told times $field"
done
[ "$failed" = 1 ] || ok "alerts: $rules, each tested and described"
# Pages that are named but do not exist yet: reported, without a failure.
pages=$(sed -n 's/^ *runbook: *\([^ ]*\).*/\1/p' deploy/prometheus/alerts.yml | sort -u)
for page in $pages; do
  [ -f "$page" ] || printf 'note     %s is named by an alert and not written yet\n' "$page"
done

# ---- rules -------------------------------------------------------------------
if have promtool; then
  (
    cd deploy/prometheus
    promtool check rules alerts.yml
    promtool check config prometheus.yml
    promtool test rules alerts_test.yml
  ) || bad "promtool is not content"
else
  skip "rules and their tests: no promtool"
fi

# ---- JSON and YAML -------------------------------------------------------------
if have python3; then
  if python3 -m json.tool deploy/grafana/pytoon.json >/dev/null; then
    ok "JSON: deploy/grafana/pytoon.json"
  else
    bad "deploy/grafana/pytoon.json is not JSON"
  fi
else
  skip "JSON: no python3"
fi
if have python3 && python3 -c 'import yaml' 2>/dev/null; then
  if python3 - docker-compose.yml deploy/*/*.yml deploy/*/*.yaml <<'EOF'
import sys, yaml
class Strict(yaml.SafeLoader):
    """Refuses a duplicate key, of which only the last would count."""
def mapping(loader, node, deep=False):
    keys = [k.value for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{key} appears twice", node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)
Strict.add_constructor("tag:yaml.org,2002:map", mapping)
failed = False
for path in sys.argv[1:]:
    try:
        list(yaml.load_all(open(path, encoding="utf-8"), Strict))
    except yaml.YAMLError as error:
        print(f"{path}: {error}", file=sys.stderr)
        failed = True
sys.exit(failed)
EOF
  then
    ok "YAML: docker-compose.yml and deploy/"
  else
    bad "YAML that cannot be read"
  fi
else
  skip "YAML: no python3 with the module yaml"
fi

# ---- schemas -------------------------------------------------------------------
if ! have check-jsonschema; then
  skip "docker-compose.yml against the compose specification: no check-jsonschema"
elif ! check-jsonschema --help | grep -q vendor.compose-spec; then
  skip "docker-compose.yml against the compose specification: this check-jsonschema does not bring it"
elif check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml; then
  ok "docker-compose.yml against the compose specification"
else
  bad "docker-compose.yml is not as the compose specification says"
fi
if have kubernetes-validate; then
  for file in config storage api worker; do
    kubernetes-validate --strict "deploy/kubernetes/$file.yaml" || bad "deploy/kubernetes/$file.yaml is not as Kubernetes says"
  done
else
  skip "deploy/kubernetes against the schemas of Kubernetes: no kubernetes-validate"
fi

# ---- names of .env ---------------------------------------------------------------
for name in $(sed -n 's/^ *key_env: *\[\(.*\)\].*/\1/p' config/*.yaml | tr ',' ' ') DATABASE_URL PYTOON_CONFIG; do
  grep -qE "^#?$name=$" .env.example || bad ".env.example does not name $name, or has a value for it"
done
[ "$failed" = 1 ] || ok ".env.example names every variable"

if [ "$failed" = 1 ]; then
  echo "check-deploy: failed" >&2
  exit 1
fi
if [ -n "$skipped" ]; then echo "check-deploy: done, with checks skipped"; else echo "check-deploy: done"; fi
