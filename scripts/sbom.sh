#!/bin/sh
# Writes dist/pytoon-VERSION.cdx.json: the bill of materials of what is shipped, as CycloneDX 1.5.
#
#   make sbom
#
# In it are `pytoon`, its helpers `pytoon-espeak` and `pytoon-x264`, and every crate whose code is linked into one of
# the three on this host: no crates of tests or builds, no procedural macros, and nothing that only
# another member of the workspace switches on. Helpers stand in the list without an edge from
# `pytoon`, which runs them as programs. What the system brings is not in it: FFmpeg, libespeak-ng,
# glibc, fonts, and libx264, which is linked statically where the builder has it so (docs/licences.md).
#
# Nothing is compiled. The same commit gives the same file, byte for byte.
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
# What each crate is, and what it depends on.
cargo metadata --format-version 1 --locked --filter-platform "$host" >"$work/metadata.json"
# Which of them are linked: metadata alone adds up the features of the whole workspace.
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
# In UTC; absent where there is no git, as in an unpacked archive.
when=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null) || when=

jq --arg when "$when" --arg host "$host" \
  --slurpfile linked "$work/linked.json" --slurpfile checksums "$work/checksums.json" '
  ($linked[0] | map({(.): true}) | add) as $is_linked
  | $checksums[0] as $sha256
  | [.packages[] | select($is_linked["\(.name)@\(.version)"])] as $packages
  | ($packages | map({(.id): .}) | add) as $by_id
  | def purl: "pkg:cargo/\(.name)@\(.version | @uri)";
    # A slash is how older crates write OR.
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

# Every crate has to have been found, with a licence, and with a checksum unless it is our own.
jq -e --slurpfile linked "$work/linked.json" '
  (.components | length) + 1 == ($linked[0] | length)
  and all(.components[]; .licenses[0].expression and (.hashes or (.name | startswith("pytoon"))))
' "$work/bom.json" >/dev/null || fail "crates are missing, or lack a licence or a checksum"

version=$(jq -r .metadata.component.version "$work/bom.json")
mkdir -p dist
mv "$work/bom.json" "dist/pytoon-$version.cdx.json"
printf 'sbom: dist/pytoon-%s.cdx.json\n' "$version"
