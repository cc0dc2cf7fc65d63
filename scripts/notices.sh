#!/bin/sh
# Writes dist/THIRD-PARTY-NOTICES: name, version, licence and the licence's text of every crate whose
# code is shipped, as their licences require. Reads the bill of materials (scripts/sbom.sh)
# and the sources that cargo has downloaded; compiles nothing.
#
# A text that many crates share appears once. A crate that ships no text is listed with its licence only,
# and again at the end.
set -eu
cd "$(dirname "$0")/.."
fail() {
  printf 'notices: %s\n' "$*" >&2
  exit 1
}
for tool in cargo jq sha256sum; do
  command -v "$tool" >/dev/null || fail "$tool is missing (make setup)"
done
sh scripts/sbom.sh
bom=$(ls dist/*.cdx.json)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/texts"

cargo metadata --format-version 1 --locked >"$work/metadata.json"
# The shipped crates that are not our own, with the folders of their sources.
jq -r --slurpfile bom "$bom" '
  ($bom[0].components | map({("\(.name)@\(.version)"): true}) | add) as $shipped
  | .packages[] | select(.source != null and $shipped["\(.name)@\(.version)"])
  | [.name, .version, .license // "see its text", .manifest_path] | @tsv' \
  "$work/metadata.json" | sort >"$work/crates"
[ -s "$work/crates" ] || fail "the bill of materials names no crate of others"

out=$work/notices
{
  echo "pytoon is built with the crates and, in its page, the npm packages below. Each is followed by the names of its licence texts, which"
  echo "follow the list. pytoon's own terms are in LICENSE-APACHE and LICENSE-MIT; pytoon-espeak"
  echo "and pytoon-x264 are under the GPL (LICENSE-pytoon-espeak, LICENSE-pytoon-x264)."
  echo
} >"$out"
without=0
while IFS="$(printf '\t')" read -r name version licence manifest; do
  texts=
  folder=$(dirname "$manifest")
  for file in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE* "$folder"/UNLICENSE* \
    "$folder"/COPYRIGHT* "$folder"/license* "$folder"/copyright*; do
    [ -f "$file" ] || continue
    sum=$(sha256sum <"$file" | cut -c1-12)
    case " $texts " in *" $sum "*) continue ;; esac
    [ -f "$work/texts/$sum" ] || cp "$file" "$work/texts/$sum"
    texts="$texts $sum"
  done
  [ -n "$texts" ] || without=$((without + 1))
  printf '%s %s (%s):%s\n' "$name" "$version" "$licence" "${texts:- no text of its own}" >>"$out"
done <"$work/crates"
# The libraries that the page contains: those that npm installs without the tools of the build.
for manifest in $(cd studio && npm ls --omit=dev --all --parseable 2>/dev/null | sed '1d; s|$|/package.json|'); do
  licence=$(jq -r '.license // "see its text"' "$manifest")
  texts=
  for file in "$(dirname "$manifest")"/LICEN[CS]E*; do
    [ -f "$file" ] || continue
    sum=$(sha256sum <"$file" | cut -c1-12)
    [ -f "$work/texts/$sum" ] || cp "$file" "$work/texts/$sum"
    texts="$texts $sum"
  done
  jq -j --arg licence "$licence" '"\(.name) \(.version) (\($licence), in the page):"' "$manifest" >>"$out"
  printf '%s\n' "${texts:- no text of its own}" >>"$out"
done
grep -q ', in the page)' "$out" || fail "the libraries of the page are not installed: run make studio"
for text in "$work/texts"/*; do
  printf '\n---- %s ----\n\n' "$(basename "$text")"
  cat "$text"
done >>"$out"
mv "$out" dist/THIRD-PARTY-NOTICES
printf 'notices: dist/THIRD-PARTY-NOTICES, %s crates, %s texts, %s crates without a text\n' \
  "$(wc -l <"$work/crates")" "$(ls "$work/texts" | wc -l)" "$without"
