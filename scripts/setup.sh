#!/bin/sh
# Installs the missing packages that pytoon needs to be built and run.
#
#   scripts/setup.sh                   list the missing packages, then install them
#   scripts/setup.sh --quiet-if-done   print nothing if nothing is missing
#   scripts/setup.sh --check           install nothing; exit 1 if something is missing
#   scripts/setup.sh --tests           also what only the tests need: a browser
#
# Uses apt-get on Debian 12/13 and Ubuntu 22.04/24.04, as root or through sudo.
# On other systems it lists the requirements and checks them by command name.
set -eu

rust_min=1.94
quiet=no
check=no
tests=no
for arg in "$@"; do
  case $arg in
    --quiet-if-done) quiet=yes ;;
    --check) check=yes ;;
    --tests) tests=yes ;;
    -h | --help)
      sed -n '2,10s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "setup: unknown option '$arg' (known: --quiet-if-done, --check, --tests)" >&2
      exit 2
      ;;
  esac
done

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Only Rust needs a home directory; some minimal shells do not set one.
home=${HOME:-}
if [ -n "$home" ] && [ -d "$home/.cargo/bin" ]; then
  PATH="$home/.cargo/bin:$PATH"
  export PATH
fi

# The purpose of each package. Fonts are left out if a distribution does not have them.
tools='build-essential pkg-config ffmpeg libespeak-ng-dev espeak-ng-data libx264-dev postgresql jq curl'
# Node may come from elsewhere than a package.
if ! have node || ! have npm; then tools="$tools nodejs npm"; fi
if [ "$tests" = yes ]; then tools="$tools chromium"; fi
fonts='fonts-inter fonts-lato fonts-open-sans fonts-noto-core fonts-noto-extra
fonts-noto-cjk fonts-noto-cjk-extra fonts-noto-color-emoji'
reason() {
  case $1 in
    build-essential) echo "C compiler and linker, for building" ;;
    pkg-config) echo "finds the C libraries while building" ;;
    ffmpeg) echo "reads and writes video and sound" ;;
    libespeak-ng-dev) echo "speech synthesis library, for the voice" ;;
    libx264-dev) echo "video encoder library, for the picture" ;;
    jq) echo "reads JSON, in the runbooks' commands and their tests" ;;
    postgresql) echo "the other database, for tests" ;;
    nodejs | npm) echo "builds the studio page" ;;
    chromium) echo "the browser, for tests of the studio page" ;;
    espeak-ng-data) echo "the voice's pronunciation data" ;;
    fonts-inter | fonts-lato | fonts-open-sans) echo "lettering for titles and captions" ;;
    fonts-noto-core | fonts-noto-extra) echo "lettering for most of the world's scripts" ;;
    fonts-noto-cjk | fonts-noto-cjk-extra) echo "Chinese, Japanese and Korean lettering" ;;
    fonts-noto-color-emoji) echo "colour emoji" ;;
    curl) echo "fetches the Rust installer" ;;
    ca-certificates) echo "secure connections for that download" ;;
  esac
}

# ---- Rust: none, old, or ok -------------------------------------------------
rust_version=
rust_state() {
  if ! have cargo || ! have rustc; then
    rust=none
    return
  fi
  rust_version=$(rustc --version 2>/dev/null) || rust_version=
  rust_version=${rust_version#rustc }
  rust_version=${rust_version%%[ -]*}
  major=${rust_version%%.*}
  minor=${rust_version#*.}
  minor=${minor%%.*}
  case $major.$minor in
    *[!0-9.]* | . | .* | *.)
      # A rustup without a default toolchain prints no version.
      rust=none
      if have rustup; then rust=old; fi
      rust_version=unknown
      return
      ;;
  esac
  if [ "$major" -gt "${rust_min%%.*}" ] || { [ "$major" -eq "${rust_min%%.*}" ] && [ "$minor" -ge "${rust_min#*.}" ]; }; then
    rust=ok
  else
    rust=old
  fi
}
rust_state

# ---- systems without apt-get -------------------------------------------------
if ! have apt-get || ! have dpkg-query; then
  absent=
  for c in ffmpeg cc cargo; do
    if ! have "$c"; then absent="$absent $c"; fi
  done
  if [ -z "$absent" ] && [ "$rust" = ok ]; then
    if [ "$quiet" = no ]; then
      say "not a Debian or Ubuntu system; ffmpeg, cc and cargo are here. libespeak-ng and libx264 (with headers) and the Noto fonts are for you to check."
    fi
    exit 0
  fi
  cat <<EOF
setup: this is not a Debian or Ubuntu system, so nothing is installed. pytoon needs:
  Rust $rust_min or newer with cargo    https://rustup.rs
  a C compiler (cc), pkg-config
  ffmpeg                           reads and writes video and sound
  libespeak-ng, headers and data   speech synthesis
  libx264 with headers             encodes the picture
  Node 18 or newer with npm        builds the studio page; everything else works without
  fonts: Inter, Lato, Open Sans, Noto (core, extra, CJK, colour emoji)
EOF
  if [ -n "$absent" ]; then
    fail "not found here:$absent"
  fi
  fail "Rust $rust_version is older than $rust_min"
fi

# ---- missing packages ----------------------------------------------------------
# One dpkg-query for all; unknown packages go to stderr and simply do not appear.
# shellcheck disable=SC2086 # the lists are words on purpose
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $tools $fonts curl ca-certificates 2>/dev/null) || true
is_installed() {
  case "
$installed
" in
    *"
installed $1
"*) return 0 ;;
  esac
  return 1
}
# Fonts that this distribution does not have are not requested on every run:
# apt's own lists show that without the network.
missing=
for p in $tools; do
  if ! is_installed "$p"; then missing="$missing $p"; fi
done
missing_fonts=
for p in $fonts; do
  if ! is_installed "$p"; then missing_fonts="$missing_fonts $p"; fi
done
if [ "$rust" = none ]; then
  have curl || missing="$missing curl"
  is_installed ca-certificates || missing="$missing ca-certificates"
fi

in_lists() { apt-cache show --no-all-versions "$1" 2>/dev/null | grep -q '^Package:'; }

# Only fonts are missing, and the package lists do not have them: nothing to do.
if [ -z "$missing" ] && [ -n "$missing_fonts" ] && in_lists build-essential; then
  rest=
  absent_fonts=
  for p in $missing_fonts; do
    if in_lists "$p"; then rest="$rest $p"; else absent_fonts="$absent_fonts $p"; fi
  done
  if [ -z "$rest" ] && [ "$rust" = ok ]; then
    if [ "$quiet" = no ]; then
      say "everything is here, except fonts this system does not offer:$absent_fonts"
    fi
    exit 0
  fi
fi

if [ -z "$missing$missing_fonts" ] && [ "$rust" = ok ]; then
  if [ "$quiet" = no ]; then say "everything is already here; nothing to do."; fi
  exit 0
fi

if [ "$check" = yes ]; then
  for p in $missing $missing_fonts; do say "missing: $p ($(reason "$p"))"; done
  case $rust in
    none) say "missing: Rust $rust_min or newer" ;;
    old) say "too old: Rust $rust_version (needed: $rust_min)" ;;
  esac
  exit 1
fi

if [ "$rust" = old ] && ! have rustup; then
  fail "Rust $rust_version is installed, but $rust_min or newer is needed, and it was not installed with rustup.
  Remove it (for example: apt-get remove rustc cargo) and run this again, or install rustup from https://rustup.rs"
fi

# ---- packages --------------------------------------------------------------------
if [ -n "$missing$missing_fonts" ]; then
  # shellcheck disable=SC2086
  set -- $missing $missing_fonts
  say "these Debian packages are missing and will be installed:"
  for p in "$@"; do printf '  %-24s %s\n' "$p" "$(reason "$p")"; done

  if [ "$(id -u)" -eq 0 ]; then
    as_root() { env DEBIAN_FRONTEND=noninteractive "$@"; }
  elif have sudo; then
    say "using sudo for apt-get; it may ask for your password."
    as_root() { sudo env DEBIAN_FRONTEND=noninteractive "$@"; }
  else
    fail "installing them needs root, and there is no sudo here. As root, run:
  apt-get update && apt-get install -y --no-install-recommends $*"
  fi

  say "running: apt-get update"
  as_root apt-get update -qq ||
    fail "apt-get update failed. Check the network and /etc/apt/sources.list, then run this again."

  get=
  for p in "$@"; do
    if in_lists "$p"; then
      get="$get $p"
    else
      case $p in
        fonts-*) say "$p is not in this distribution; continuing without it ($(reason "$p"))." ;;
        *) fail "$p ($(reason "$p")) is not in this distribution's package lists. On Ubuntu, enable 'universe' (add-apt-repository universe) and run this again." ;;
      esac
    fi
  done
  if [ -n "$get" ]; then
    say "running: apt-get install -y --no-install-recommends$get"
    # shellcheck disable=SC2086
    as_root apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 $get ||
      fail "apt-get could not install:$get"
  fi
fi

# ---- Rust --------------------------------------------------------------------------
case $rust in
  none)
    [ -n "$home" ] || fail "HOME is not set; it is needed to install Rust."
    if have rustup; then
      say "rustup is here without a toolchain; running: rustup toolchain install stable"
      rustup toolchain install stable --profile minimal --component clippy,rustfmt
      rustup default stable
    else
      say "Rust is missing; installing it for this user into $home/.cargo and $home/.rustup with rustup (https://sh.rustup.rs)."
      installer=$(mktemp)
      trap 'rm -f "$installer"' EXIT
      curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs -o "$installer" ||
        fail "could not fetch https://sh.rustup.rs. Check the network, then run this again."
      sh "$installer" -y --profile minimal --component clippy,rustfmt ||
        fail "the Rust installer failed."
    fi
    ;;
  old)
    say "Rust $rust_version is older than $rust_min; running: rustup update stable"
    rustup update stable
    rustup default stable
    ;;
esac
if [ "$rust" != ok ]; then
  PATH="$home/.cargo/bin:$PATH"
  export PATH
  rust_state
  [ "$rust" = ok ] || fail "Rust is still not $rust_min or newer (found: ${rust_version:-none}). Is another rustc earlier on PATH: $(command -v rustc || echo none)?"
  say "Rust $rust_version is ready. In your own shell: . \"\$HOME/.cargo/env\""
fi
say "done."
