#!/bin/sh
# Writes dist/pytoon-VERSION.cdx.json: the bill of materials of the shipped programs, as CycloneDX 1.5.
#
#   make sbom
#
# It lists `pytoon`, its helpers `pytoon-espeak` and `pytoon-x264`, and every crate whose code is linked into one of
# the three on this host. It omits crates of tests or builds, procedural macros, and crates that only
# another member of the workspace enables. Helpers have no edge from
# `pytoon`, which runs them as programs. System software is not listed: FFmpeg, libespeak-ng,
# glibc, fonts, and libx264, which is linked statically if the builder has a static one (docs/licences.md).
#
# Compiles nothing. The same commit gives the same file, byte for byte.
set -eu
cd "$(dirname "$0")/.."
fail() {
  printf 'sbom: %s\n' "$*" >&2
  exit 1
}
for tool in cargo rustc jq; do
  command -v "$tool" >/dev/null || fail "$tool is missing (make setup)"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

host=$(rustc -vV | sed -n 's/^host: //p')
# The crates and their dependencies.
cargo metadata --format-version 1 --locked --filter-platform "$host" >"$work/metadata.json"
# The linked crates: metadata alone merges the features of the whole workspace.
cargo tree --locked --package pytoon --package pytoon-espeak --package pytoon-x264 --target "$host" \
  --edges normal,no-proc-macro --prefix none --format '{p}' >"$work/tree"
awk 'NF > 1 { print $1 "@" substr($2, 2) }' "$work/tree" | sort -u |
  jq -R . | jq -s . >"$work/linked.json"
# Cargo.lock has the SHA-256 of each crate's archive.
awk -F'"' '
  /^name = /     { name = $2 }
  /^version = /  { version = $2 }
  /^checksum = / { print name "@" version "\t" $2 }' Cargo.lock |
  jq -R 'split("\t") | {(.[0]): .[1]}' | jq -s add >"$work/checksums.json"
# In UTC; absent without git, as in an unpacked archive.
when=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null) || when=

jq --arg when "$when" --arg host "$host" \
  --slurpfile linked "$work/linked.json" --slurpfile checksums "$work/checksums.json" '
  ($linked[0] | map({(.): true}) | add) as $is_linked
  | $checksums[0] as $sha256
  | [.packages[] | select($is_linked["\(.name)@\(.version)"])] as $packages
  | ($packages | map({(.id): .}) | add) as $by_id
  | def purl: "pkg:cargo/\(.name)@\(.version | @uri)";
    # Older crates write a slash for OR.
    def licence: .license | gsub(" */ *"; " OR ");
    def is_program: .name == "pytoon" or .name == "pytoon-espeak" or .name == "pytoon-x264";
    def component:
      {
        type: (if is_program then "application" else "library" end),
        "bom-ref": purl,
        name: .name,
        version: .version,
        licenses: [{expression: licence}],
        purl: purl
      }
      + ($sha256["\(.name)@\(.version)"] as $sum
        | if $sum then {hashes: [{alg: "SHA-256", content: $sum}]} else {} end);
    ($packages[] | select(.name == "pytoon" and .source == null)) as $root
  | {
      bomFormat: "CycloneDX",
      specVersion: "1.5",
      version: 1,
      metadata: (
        (if $when == "" then {} else {timestamp: $when} end)
        + {component: ($root | component), properties: [{name: "pytoon:target", value: $host}]}
      ),
      components: [$packages[] | select(.id != $root.id) | component] | sort_by(.purl),
      dependencies: [
        .resolve.nodes[] | select($by_id[.id])
        | {
            ref: ($by_id[.id] | purl),
            dependsOn: [
              .deps[] | select(any(.dep_kinds[]; .kind == null)) | $by_id[.pkg] // empty | purl
            ] | unique
          }
      ] | sort_by(.ref)
    }' "$work/metadata.json" >"$work/bom.json"

# Every crate must be found, with a licence, and with a checksum unless it is our own.
jq -e --slurpfile linked "$work/linked.json" '
  (.components | length) + 1 == ($linked[0] | length)
  and all(.components[]; .licenses[0].expression and (.hashes or (.name | startswith("pytoon"))))
' "$work/bom.json" >/dev/null || fail "crates are missing, or lack a licence or a checksum"

version=$(jq -r .metadata.component.version "$work/bom.json")
mkdir -p dist
mv "$work/bom.json" "dist/pytoon-$version.cdx.json"
printf 'sbom: dist/pytoon-%s.cdx.json\n' "$version"
