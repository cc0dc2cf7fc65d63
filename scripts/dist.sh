#!/bin/sh
# Packs the built programs: dist/pytoon_VERSION_ARCH.deb and dist/pytoon-VERSION-ARCH.tar.gz, with their
# bill of materials (scripts/sbom.sh), the notices of all crates (scripts/notices.sh) and checksums.
# `make dist` builds first.
#
#   PROFILE=debug scripts/dist.sh    packs a dev build, to test the packing
#
# The program is linked to glibc and no other system library (see below). It cannot use musl,
# because the voice helper needs libespeak-ng, which Debian has for glibc only. A binary runs on the
# glibc that it was linked to and on newer ones: build on the oldest system that you support.
set -eu
cd "$(dirname "$0")/.."
profile=${PROFILE:-dist}
built=${CARGO_TARGET_DIR:-target}/$profile
say() { printf 'dist: %s\n' "$*"; }
fail() {
  printf 'dist: %s\n' "$*" >&2
  exit 1
}
for tool in dpkg-deb dpkg sha256sum; do
  command -v "$tool" >/dev/null || fail "$tool is missing (apt-get install dpkg)"
done
for program in pytoon pytoon-espeak pytoon-x264 pytoon-sim pytoon-drills; do
  [ -x "$built/$program" ] || fail "$built/$program is not built"
done

# The page is part of the program: the name of its script stands in it.
page=$(cd studio/dist 2>/dev/null && ls app-*.js 2>/dev/null | head -1)
{ [ -n "$page" ] && grep -q --text "$page" "$built/pytoon"; } || fail "pytoon has no studio page: run make studio, then build again"

rm -rf dist
mkdir -p dist
# The notices that others' licences require, and the bill of materials.
sh scripts/notices.sh

version=$("$built/pytoon" --version | cut -d' ' -f2)
arch=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program's dependencies at run time: glibc's own libraries, the loader, libgcc.
foreign=$(ldd "$built/pytoon" | awk '{ print $1 }' |
  grep -Ev '^(linux-vdso|libc|libm|libgcc_s|libpthread|libdl|librt|/.*ld-linux)' || true)
[ -z "$foreign" ] || fail "pytoon is linked to $foreign"
glibc=$(objdump -T "$built/pytoon" "$built/pytoon-espeak" "$built/pytoon-x264" 2>/dev/null |
  sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -V | tail -1)

root=$work/root
doc=$root/usr/share/doc/pytoon
install -d "$root/DEBIAN" "$root/usr/bin" "$root/etc/pytoon" "$doc" \
  "$root/usr/lib/systemd/system"
install -m 755 "$built/pytoon" "$built/pytoon-espeak" "$built/pytoon-x264" "$built/pytoon-sim" \
  "$built/pytoon-drills" "$root/usr/bin/"
if command -v strip >/dev/null; then
  strip --strip-debug "$root"/usr/bin/*
fi
install -m 644 deploy/debian/pytoon.service "$root/usr/lib/systemd/system/"
install -m 644 deploy/debian/defaults.yaml "$root/etc/pytoon/"
install -m 640 .env.example "$root/etc/pytoon/env"
install -m 644 config/defaults.yaml config/engine.yaml docs/guides/running-as-a-service.md \
  LICENSE-APACHE LICENSE-MIT dist/THIRD-PARTY-NOTICES "$doc/"
install -m 644 crates/pytoon-espeak/LICENSE "$doc/LICENSE-pytoon-espeak"
install -m 644 crates/pytoon-x264/LICENSE "$doc/LICENSE-pytoon-x264"
# The voice `heart`, with its licence and notice beside its files.
sh scripts/voice.sh "$root/usr/share/pytoon/voices" || fail "the voice could not be fetched"
install -m 755 deploy/debian/postinst deploy/debian/prerm "$root/DEBIAN/"
printf '/etc/pytoon/defaults.yaml\n/etc/pytoon/env\n' >"$root/DEBIAN/conffiles"
size=$(du -ks "$root" | cut -f1)
# The packages of scripts/setup.sh, without those for building. Fonts are optional.
cat >"$root/DEBIAN/control" <<END
Package: pytoon
Version: $version
Architecture: $arch
Maintainer: The pytoon project <pytoon@localhost>
Installed-Size: $size
Section: video
Priority: optional
Depends: libc6 (>= ${glibc:-2.36}), libgcc-s1, ffmpeg, libespeak-ng1, espeak-ng-data, ca-certificates, passwd
Recommends: fonts-inter, fonts-lato, fonts-open-sans, fonts-noto-core, fonts-noto-extra, fonts-noto-cjk, fonts-noto-cjk-extra, fonts-noto-color-emoji
Suggests: postgresql, prometheus
Description: turns a brief into a finished vertical video
 pytoon makes a video out of a script: voice, pictures or AI video engines,
 captions, music and mix. As a service it takes briefs over HTTP.
 The helpers pytoon-espeak (voice) and pytoon-x264 (encoder) are under the GPL.
END
deb=dist/pytoon_${version}_$arch.deb
dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null

folder=pytoon-$version-$arch
install -d "$work/$folder"
cp "$root"/usr/bin/* "$work/$folder/"
cp LICENSE-APACHE LICENSE-MIT dist/THIRD-PARTY-NOTICES .env.example config/defaults.yaml "$work/$folder/"
cp crates/pytoon-espeak/LICENSE "$work/$folder/LICENSE-pytoon-espeak"
cp crates/pytoon-x264/LICENSE "$work/$folder/LICENSE-pytoon-x264"
tar -C "$work" --owner=0 --group=0 --sort=name -czf "dist/$folder.tar.gz" "$folder"
(cd dist && sha256sum ./*.deb ./*.tar.gz ./*.cdx.json >SHA256SUMS)
say "$deb, dist/$folder.tar.gz (glibc ${glibc:-unknown} or newer)"
