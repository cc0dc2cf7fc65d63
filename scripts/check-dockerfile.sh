#!/bin/sh
# Runs the steps of the Dockerfile's last stage in a clean root, without a container engine:
# debootstrap creates the root, the RUN line is taken from the Dockerfile itself, and the built
# programs are copied as COPY does. Then `pytoon doctor` and a render run in it as its user.
#
#   scripts/check-dockerfile.sh [FOLDER]    needs root, debootstrap and access to a Debian mirror
#
# Not run here: the first stage (cargo build, which `make build` does), cache mounts, HEALTHCHECK. The
# voice of the second stage is downloaded outside the root.
set -eu
cd "$(dirname "$0")/.."
say() { printf 'check-dockerfile: %s\n' "$*"; }
[ "$(id -u)" = 0 ] || { say "skipped: it needs root"; exit 0; }
command -v debootstrap >/dev/null || { say "skipped: debootstrap is not installed"; exit 0; }
profile=${PROFILE:-release}
built=${CARGO_TARGET_DIR:-target}/$profile
[ -x "$built/pytoon" ] || { say "$built/pytoon is not built" >&2; exit 1; }
root=${1:-$(mktemp -d)}
mirror=${DEBIAN_MIRROR:-$(sed -n 's/^deb[^h]*\(http[^ ]*\).*/\1/p; s/^URIs: *\([^ ]*\).*/\1/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1)}
cleanup() {
  for mounted in proc dev tmp; do
    if mountpoint -q "$root/$mounted"; then umount "$root/$mounted"; fi
  done
}
trap cleanup EXIT

suite=$(sed -n 's/^FROM debian:\([a-z]*\)-slim$/\1/p' Dockerfile)
say "$suite in $root"
[ -x "$root/usr/bin/apt-get" ] || debootstrap --variant=minbase "$suite" "$root" "$mirror" >/dev/null
for config in /etc/resolv.conf /etc/apt/apt.conf.d/*proxy*; do
  if [ -f "$config" ]; then install -D -m 644 "$config" "$root$config"; fi
done
mount -t proc proc "$root/proc"
# The RUN line of the last stage, with its continued lines.
awk -v last="$(grep -c '^FROM' Dockerfile)" '/^FROM/ { stage++ } stage == last && /^RUN/ { on = 1 } on { print } on && !/\\$/ { exit }' Dockerfile |
  sed '1s/^RUN //' >"$root/run.sh"
[ -s "$root/run.sh" ] || { say "the Dockerfile has no RUN line in its last stage" >&2; exit 1; }
DEBIAN_FRONTEND=noninteractive chroot "$root" /bin/sh -eu /run.sh >"$root/run.log" 2>&1 || {
  tail -20 "$root/run.log" >&2
  exit 1
}
install -m 755 "$built/pytoon" "$built/pytoon-espeak" "$built/pytoon-x264" "$root/usr/local/bin/"
sh scripts/voice.sh "$root/usr/share/pytoon/voices"
inside() { chroot --userspec=pytoon:pytoon "$root" /bin/sh -c "cd /srv/pytoon && HOME=/tmp $1"; }
chmod 1777 "$root/tmp"
inside 'pytoon --version'
inside 'pytoon doctor' || say "doctor has something to say (no keys is no failure)"
cat >"$root/srv/pytoon/brief.yaml" <<END
script: "Bread. And butter."
profile: test
target_duration_seconds: 2
END
inside 'pytoon render brief.yaml --out /srv/pytoon/storage/film >/dev/null'
[ -s "$root/srv/pytoon/storage/film/output.mp4" ]
say "the steps ran, and a film was made as the user pytoon"
