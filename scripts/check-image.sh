#!/bin/sh
# Builds the image and runs docker-compose.yml with it, from nothing and without Docker: Debian's podman with
# runc takes its place, and `docker` below is an alias for it.
#
#   scripts/check-image.sh [FOLDER]     FOLDER keeps base images, layers and the compiler's output for the next run
#
# Needs root, and podman, buildah, runc and debootstrap (Debian packages). Base images cannot be downloaded
# everywhere, so stand-ins are made, and each is named in the output:
#   debian:bookworm-slim       debootstrap, minbase
#   rust:1.94-slim-bookworm    the same with this machine's toolchain
#   postgres:17-bookworm       the same with Debian's PostgreSQL
#   chrislusf/seaweedfs        the object store of the tests
#   amazon/aws-cli             a script that waits for the store, whose bucket exists
# Containers use the host's network. What did not run is listed at the end.
set -eu
cd "$(dirname "$0")/.."
say() { printf 'check-image: %s\n' "$*"; }
fail() {
  printf 'check-image: %s\n' "$*" >&2
  exit 1
}
skipped=
skip() {
  skipped="$skipped
  - $*"
}

[ "$(id -u)" = 0 ] || { say "skipped: it needs root"; exit 0; }
for tool in podman buildah runc debootstrap git curl jq; do
  command -v "$tool" >/dev/null || {
    say "skipped: $tool is not installed (apt-get install podman buildah runc debootstrap git curl jq)"
    exit 0
  }
done
[ -z "$(git status --porcelain)" ] || say "note: the image is built from the last commit, without your changes"

work=${1:-$(mktemp -d)}
mkdir -p "$work/bin" "$work/tmp" "$work/config"
work=$(cd "$work" && pwd)
root=$(pwd)
export TMPDIR="$work/tmp"

# ---- a container engine of its own ---------------------------------------------
# A machine that is a container itself cannot raise its limits.
at_most() { if [ "$1" = unlimited ] || [ "$1" -gt "$2" ]; then echo "$2"; else echo "$1"; fi; }
files=$(at_most "$(ulimit -Hn)" 65536)
processes=$(at_most "$(bash -c 'ulimit -Hu')" 8192)
cat >"$work/config/storage.conf" <<END
[storage]
driver = "vfs"
graphroot = "$work/layers"
runroot = "$work/run"
END
cat >"$work/config/containers.conf" <<END
[containers]
netns = "host"
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
END
cat >"$work/config/registries.conf" <<END
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
END
export CONTAINERS_STORAGE_CONF="$work/config/storage.conf" CONTAINERS_CONF="$work/config/containers.conf"
export CONTAINERS_REGISTRIES_CONF="$work/config/registries.conf" BUILDAH_ISOLATION=chroot
tools=${XDG_CACHE_HOME:-$HOME/.cache}/pytoon-compose
compose=$tools/bin/podman-compose
if [ ! -x "$compose" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet podman-compose==1.5.0
fi
cat >"$work/bin/docker" <<END
#!/bin/sh
# \`docker\` and \`docker compose\`, by podman.
if [ "\$1" != compose ]; then exec podman "\$@"; fi
shift
# podman-compose does not read COMPOSE_PROFILES from .env, and knows no \`required: false\`: without the profile
# \`full\`, its services are no dependencies.
profile=
if grep -qs '^COMPOSE_PROFILES=full' .env; then profile='--profile full'; fi
case "\$profile \$*" in
  *full*) cp docker-compose.yml .check-image.yml ;;
  *) awk '/^  depends_on:/ { skip = 1; next } skip && /^    / { next } { skip = 0; print }' docker-compose.yml >.check-image.yml ;;
esac
case "\$1" in
  logs) exec 2>&1 ;; # Docker writes both streams of a container to standard output.
  ps) set -- ps ;; # podman-compose lists all services, and accepts none by name.
  exec) shift; set -- exec -T "\$@" ;; # Docker allocates no terminal where there is none.
esac
exec "$compose" --podman-path "$work/bin/engine" --parallel 1 --podman-build-args='--format docker --layers=false --pull-never --network host' -f .check-image.yml -f "$work/host.yml" \$profile "\$@"
END
cat >"$work/bin/engine" <<'END'
#!/bin/sh
# podman 4 starts no container whose `--requires` leads to a container that has requirements itself. podman-compose
# waits for `depends_on` itself, so the option is left out.
for argument; do
  shift
  case "$argument" in --requires=*) ;; *) set -- "$@" "$argument" ;; esac
done
exec podman "$@"
END
chmod +x "$work/bin/docker" "$work/bin/engine"
export PATH="$work/bin:$PATH"
say "engine: $(podman --version), $(runc --version | head -1), $("$compose" --version 2>/dev/null | head -1)"

# Layers of earlier runs: this storage driver copies each layer whole.
podman image prune --force >/dev/null 2>&1 || true

# ---- base images ----------------------------------------------------------------
mirror=${DEBIAN_MIRROR:-$(sed -n 's/^deb[^h]*\(http[^ ]*\).*/\1/p; s/^URIs: *\([^ ]*\).*/\1/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null | head -1)}
have() { podman image exists "docker.io/$1"; }
import() { # FOLDER IMAGE [CHANGE ...]
  folder=$1 image=$2
  shift 2
  for change in "$@"; do set -- "$@" --change "$change"; shift; done
  tar -C "$folder" -c . | podman import "$@" - "docker.io/$image" >/dev/null 2>&1
}
suite=$(sed -n 's/^FROM debian:\([a-z]*\)-slim$/\1/p' Dockerfile | head -1)
debian=library/debian:$suite-slim
rust=library/$(sed -n 's/^FROM \(rust:[^ ]*\) AS build$/\1/p' Dockerfile)
postgres=library/$(sed -n 's/^ *image: \(postgres:.*\)/\1/p' docker-compose.yml)
store=$(sed -n 's/^ *image: \(chrislusf.*\)/\1/p' docker-compose.yml)
aws=$(sed -n 's/^ *image: \(amazon.*\)/\1/p' docker-compose.yml)

base=$work/base
if [ ! -x "$base/usr/bin/apt-get" ]; then
  debootstrap --variant=minbase "$suite" "$base" "$mirror" >"$work/debootstrap.log" 2>&1 || fail "debootstrap failed: $work/debootstrap.log"
  # This machine's package sources: mirrors, proxies and the certificates of both.
  for config in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/*registry* /etc/apt/sources.list.d/debian.sources /etc/pip.conf /etc/npmrc; do
    if [ -f "$config" ]; then install -D -m 644 "$config" "$base$config"; fi
  done
  if [ -f "$base/etc/apt/sources.list.d/debian.sources" ]; then : >"$base/etc/apt/sources.list"; fi
  if [ -f "$HOME/.npmrc" ]; then install -D -m 644 "$HOME/.npmrc" "$base/root/.npmrc"; fi
  for certificate in /usr/local/share/ca-certificates/*.crt; do
    if [ -f "$certificate" ]; then install -D -m 644 -t "$base/usr/local/share/ca-certificates" "$certificate"; fi
  done
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/ca-certificates.crt"
fi
have "$debian" || import "$base" "$debian" 'CMD ["bash"]' 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'
say "stand-in for $debian: debootstrap minbase, Debian $(cat "$base/etc/debian_version")"

version=$(rustc --version | cut -d' ' -f2)
if ! have "$rust"; then
  cat >"$work/rust.dockerfile" <<END
FROM docker.io/$debian
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . /usr/local/cargo
ENV PATH=/usr/local/cargo/bin:\$PATH CARGO_HOME=/usr/local/cargo RUST_VERSION=$version
END
  toolchain=$work/toolchain
  mkdir -p "$toolchain"
  cp -a "$(rustc --print sysroot)/." "$toolchain/"
  rm -rf "$toolchain/share" "$toolchain/lib/rustlib/src"
  for config in "${CARGO_HOME:-$HOME/.cargo}/config.toml" "${CARGO_HOME:-$HOME/.cargo}/config"; do
    if [ -f "$config" ]; then cp "$config" "$toolchain/"; fi
  done
  buildah build --pull-never --network host --tag "docker.io/$rust" --file "$work/rust.dockerfile" "$toolchain" >"$work/rust.log" 2>&1 ||
    fail "the stand-in for $rust failed: $work/rust.log"
fi
say "stand-in for $rust: Debian with rustc $version of this machine"

# ---- the image --------------------------------------------------------------------
site=$work/site
# A second run keeps the times of files that did not change, by which cargo knows them.
[ -d "$site/.git" ] || git clone --quiet "$root" "$site"
cd "$site"
git fetch --quiet "$root" HEAD
git reset --quiet --hard FETCH_HEAD
git clean -qfdx
start=$(date +%s)
docker build --format docker --layers=false --pull-never --network host --tag pytoon:latest . >"$work/build.log" 2>&1 || {
  tail -30 "$work/build.log" >&2
  fail "the image was not built: $work/build.log"
}
say "built pytoon:latest in $(($(date +%s) - start)) s, $(($(podman image inspect --format '{{.Size}}' pytoon:latest) / 1048576)) MiB"
say "of that: $(podman run --rm --entrypoint sh pytoon:latest -c 'du -xm -d0 /usr/share/fonts /usr/lib /usr/local/bin /usr/share/pytoon 2>/dev/null' | awk '{ printf "%s%s %s MiB", sep, $2, $1; sep = ", " }')"
podman run --rm pytoon:latest doctor --json >"$work/doctor.json" 2>"$work/doctor.log" || true
failed=$(jq -r '.[] | select(.verdict == "failed") | .name' "$work/doctor.json")
say "doctor in the image: $(jq -r '[.[].verdict] | group_by(.) | map("\(length) \(.[0])") | join(", ")' "$work/doctor.json")"
[ -z "$failed" ] || fail "doctor: $failed"

# ---- docker-compose.yml -------------------------------------------------------------
# The host's network in place of a bridge, and the services' names on it.
cat >"$work/host.yml" <<END
x-host: &host {network_mode: host, extra_hosts: ["postgres:127.0.0.1", "store:127.0.0.1"]}
x-limits: &limits {ulimits: {nofile: $files, nproc: $processes, core: 0}}
services:
  api: {<<: [*host, *limits]}
  worker: {<<: [*host, *limits]}
  postgres: {<<: *host}
  store: {<<: *host, volumes: ["$work/s3.json:/etc/seaweedfs/s3.json:ro"]}
  bucket: {<<: *host}
END
made_log=
[ -d /var/log/pytoon ] || made_log=yes
# Also removes workers beyond the first, which podman-compose forgets.
down() {
  docker compose --profile full down --timeout "$1" >/dev/null 2>&1 || true
  left=$(podman ps -aq --filter label=io.podman.compose.project="$(basename "$site")" 2>/dev/null)
  [ -z "$left" ] || podman rm --force --time "$1" $left >/dev/null 2>&1 || true
}
cleanup() {
  down 5
  [ -z "$made_log" ] || rm -rf /var/log/pytoon
}
trap cleanup EXIT
install -d -o 1000 -g 1000 storage config /var/log/pytoon
cp -n .env.example .env

wait_until() { # SECONDS WHAT COMMAND
  seconds=$1 what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    seconds=$((seconds - 1))
    [ "$seconds" -gt 0 ] || {
      docker compose logs 2>&1 | tail -30 >&2
      fail "$what: not within its time"
    }
    sleep 1
  done
}
api() { curl --fail --silent --show-error --max-time 20 --header "Authorization: Bearer $key" "$@"; }
submit() {
  api -X POST http://127.0.0.1:8000/api/v2/jobs -H 'Content-Type: application/json' \
    -d '{"script": "Fresh bread, baked at dawn. Come by before it is gone. We open at seven."}' | jq -er .job_id
}
status() { api "http://127.0.0.1:8000/api/v2/jobs/$1" | jq -r .status; }
is_done() { [ "$(status "$1")" = done ]; }
# Prints the length of a job's film in seconds. Call it in an assignment, so that its failure ends the script.
film() { # ID
  wait_until 300 "the film of $1" is_done "$1"
  api --location --output "$work/film.mp4" "http://127.0.0.1:8000/api/v2/jobs/$1/artifacts/output.mp4"
  ffprobe -v error -show_entries format=duration -of csv=p=0 "$work/film.mp4"
}
# Runs a command of the runbooks as typed. Its output must contain WANTED.
typed() { # WANTED COMMAND
  sh -c "$2" >"$work/typed.log" 2>&1 || { cat "$work/typed.log" >&2; fail "failed: $2"; }
  grep -q -- "$1" "$work/typed.log" || { cat "$work/typed.log" >&2; fail "no \`$1\` in: $2"; }
  say "ran      $2"
}

container() { podman ps --format '{{.Names}}' | grep -E "[_-]$1[_-]1\$"; }

typed . "docker compose up -d --build"
wait_until 60 "the API" curl --fail --silent http://127.0.0.1:8000/readyz
curl --fail --silent http://127.0.0.1:8000/ | grep -q '/studio/app-' || fail "the image has no studio page"
say "page     the studio at http://127.0.0.1:8000/"
typed 'API key' "docker compose logs api | grep 'API key'"
key=$(docker compose logs api 2>&1 | sed -n 's/.*API key (shown this once): *\([^ ]*\).*/\1/p' | tail -1)
[ -n "$key" ] || fail "the API printed no key"
job=$(submit)
seconds=$(film "$job")
say "film     $seconds s, by api and worker on SQLite"

for name in api worker; do
  id=$(podman exec "$(container $name)" id -u)
  [ "$id" = 1000 ] || fail "$name runs as user $id"
  if podman exec "$(container $name)" touch /usr/local/bin/x 2>/dev/null; then fail "the root of $name is writable"; fi
  [ "$(podman inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$(container $name)")" = true ] || fail "the root of $name is not read-only"
done
say "ok       api and worker run as user 1000, their root is read-only"

job=$(submit)
wait_until 60 "the start of $job" sh -c "test -d storage/jobs/$job"
sleep 2
before=$(status "$job")
[ "$before" != done ] || skip "the worker's restart in mid-job: the film was done too soon"
typed . "docker compose restart worker"
seconds=$(film "$job")
say "film     $seconds s, after the worker's restart in mid-job (it was $before)"

typed worker "docker compose ps worker"
typed api "docker compose ps"
typed . "docker compose logs api | tail -50"
typed task_finished "docker compose logs worker | grep task_finished"
typed RUNWAY_API_KEY "docker compose exec worker env | grep API_KEY"
typed pytoon "docker compose exec worker pytoon --version"
typed . "docker compose restart api worker"
wait_until 60 "the API" curl --fail --silent http://127.0.0.1:8000/readyz
typed . "docker compose up -d --force-recreate"
wait_until 60 "the API" curl --fail --silent http://127.0.0.1:8000/readyz
typed . "docker compose up -d --scale worker=3"
say "workers  $(podman ps --format '{{.Names}}' | grep -c worker)"
down 30

# ---- the profile `full` -----------------------------------------------------------
if ! have "$postgres"; then
  cat >"$work/postgres.dockerfile" <<END
FROM docker.io/$debian
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/*
COPY start /usr/local/bin/start
ENTRYPOINT ["/usr/local/bin/start"]
END
  mkdir -p "$work/postgres"
  cat >"$work/postgres/start" <<'END'
#!/bin/sh
# The variables and the folder of the official image.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/var/lib/postgresql/data
chown postgres "$data" /var/run/postgresql
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
if [ ! -f "$data/PG_VERSION" ]; then
  echo "${POSTGRES_PASSWORD:?}" >/tmp/password
  chown postgres /tmp/password
  as initdb --username "$POSTGRES_USER" --pwfile /tmp/password --auth scram-sha-256 --pgdata "$data"
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  as postgres --single -D "$data" postgres <<SQL
CREATE DATABASE "$POSTGRES_DB"
SQL
fi
exec setpriv --reuid postgres --regid postgres --clear-groups postgres -D "$data" -c listen_addresses='*'
END
  chmod +x "$work/postgres/start"
  buildah build --pull-never --network host --tag "docker.io/$postgres" --file "$work/postgres.dockerfile" "$work/postgres" >"$work/postgres.log" 2>&1 ||
    fail "the stand-in for $postgres failed: $work/postgres.log"
fi
say "stand-in for $postgres: $(podman run --rm --entrypoint sh "docker.io/$postgres" -c '/usr/lib/postgresql/*/bin/postgres --version')"
if ! have "$store"; then
  (cd "$root" && cargo build --quiet --package pytoon-testkit --example object_store)
  built=${CARGO_TARGET_DIR:-$root/target}
  mkdir -p "$work/store"
  cp "$built/debug/examples/object_store" "$work/store/"
  cat >"$work/store/start" <<'END'
#!/bin/sh
# Takes the place of `server -dir=/data …`; the keys come from the file that docker-compose.yml mounts.
set -eu
keys=/etc/seaweedfs/s3.json
word() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$keys"; }
AWS_ACCESS_KEY_ID=$(word accessKey)
AWS_SECRET_ACCESS_KEY=$(word secretKey)
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
mkdir -p /data/pytoon
exec /usr/local/bin/object_store 0.0.0.0:8333 /data
END
  chmod +x "$work/store/start"
  cat >"$work/store.dockerfile" <<END
FROM docker.io/$debian
COPY object_store start /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/start"]
END
  buildah build --pull-never --network host --tag "docker.io/$store" --file "$work/store.dockerfile" "$work/store" >"$work/store.log" 2>&1 ||
    fail "the stand-in for $store failed: $work/store.log"
fi
say "stand-in for $store: the object store of the tests"
if ! have "$aws"; then
  cat >"$work/aws.dockerfile" <<END
FROM docker.io/$debian
RUN printf '#!/bin/bash\nuntil exec 3<>/dev/tcp/store/8333; do sleep 1; done\n' >/usr/local/bin/aws && chmod +x /usr/local/bin/aws
END
  buildah build --pull-never --network host --tag "docker.io/$aws" --file "$work/aws.dockerfile" "$work/bin" >"$work/aws.log" 2>&1 ||
    fail "the stand-in for $aws failed: $work/aws.log"
fi
say "stand-in for $aws: a script that waits for the store"

cat >>.env <<END
COMPOSE_PROFILES=full
POSTGRES_PASSWORD=a-long-password-without-signs
DATABASE_URL=postgres://pytoon:a-long-password-without-signs@postgres:5432/pytoon
STORAGE_URL=s3://pytoon
AWS_REGION=us-east-1
AWS_ENDPOINT_URL=http://store:8333
AWS_ACCESS_KEY_ID=pytoon
AWS_SECRET_ACCESS_KEY=another-long-password
END
# podman-compose knows no inline configuration either: the key file of docker-compose.yml, with the values of .env.
sed -n '/^  store_keys:/,/^[a-z]/p' docker-compose.yml | grep '^      ' |
  sed 's/\${AWS_ACCESS_KEY_ID:-pytoon}/pytoon/; s/\${AWS_SECRET_ACCESS_KEY:-}/another-long-password/' >"$work/s3.json"
jq -e .identities "$work/s3.json" >/dev/null || fail "docker-compose.yml has no keys for the store"
rm -rf storage
podman volume prune --force >/dev/null 2>&1 || true # of an earlier run
install -d -o 1000 -g 1000 storage
typed . "docker compose --profile full up -d"
wait_until 90 "the API" curl --fail --silent http://127.0.0.1:8000/readyz
key=$(docker compose logs api 2>&1 | sed -n 's/.*API key (shown this once): *\([^ ]*\).*/\1/p' | tail -1)
[ -n "$key" ] || fail "the API printed no key"
job=$(submit)
wait_until 300 "the film of $job" is_done "$job"
podman exec "$(container store)" test -s "/data/pytoon/jobs/$job/output.mp4" || fail "the object store has no film"
podman exec "$(container api)" curl --fail --silent --location --output /tmp/film.mp4 \
  --header "Authorization: Bearer $key" "http://127.0.0.1:8000/api/v2/jobs/$job/artifacts/output.mp4"
say "film     by api and worker on PostgreSQL, kept in the object store, downloaded by its link"
typed ready "docker compose logs postgres | tail"
down 30

[ "$files" = 65536 ] || skip "the limit of 65536 open files: this machine allows $files"
skip "\`depends_on\` without the profile \`full\`: podman-compose knows no \`required: false\`"
skip "\`configs:\` of the store: podman-compose knows no \`content\`, the same text is mounted"
skip "published ports and the bridge network: containers used the host's"
skip "images from registries: base images, postgres, seaweedfs and aws-cli are stand-ins"
say "done; not run:$skipped"
