#!/bin/sh
# Renders the example pictures again, from the scenes beside this script.
#   render.sh                 all of them
#   render.sh 01_cup 04_bag   only these
#   render.sh art             only the label and the logo
# Needs: povray and povray-includes (the scenes), imagemagick (label, logo, JPEG),
# fonts-inter and fonts-lato (lettering). On Debian:
#   apt-get install povray povray-includes imagemagick fonts-inter fonts-lato
# PREVIEW=270 renders at that width into previews/, quickly and roughly.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
out=../pictures
for need in povray convert; do
  if ! command -v "$need" >/dev/null 2>&1; then
    echo "render.sh: '$need' is missing; apt-get install povray povray-includes imagemagick fonts-inter fonts-lato" >&2
    exit 1
  fi
done
for font in Inter-Bold Inter-Semi-Bold Lato-Regular; do
  if ! convert -list font | grep -q "Font: $font\$"; then
    echo "render.sh: the font $font is missing; apt-get install fonts-inter fonts-lato" >&2
    exit 1
  fi
done
mkdir -p "$out"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

# The mark: a rising sun with rays over a coffee bean, 600x600, clear ground.
# $1 sun colour, $2 bean colour, $3 file
mark() {
  rays=""
  for n in 0 1 2 3 4 5 6 7 8; do
    rays="$rays $(awk -v n="$n" 'BEGIN{r=n*3.14159265/8; c=cos(r); s=sin(r); printf "line %.1f,%.1f %.1f,%.1f", 300-c*196, 300-s*196, 300-c*(n%2==0?262:236), 300-s*(n%2==0?262:236)}')"
  done
  convert -size 600x600 xc:none -fill "$1" -draw "path 'M 140,300 A 160,160 0 0 1 460,300 Z'" \
    -fill none -stroke "$1" -strokewidth 17 -draw "stroke-linecap round $rays" "$tmp/sun.png"
  convert -size 600x600 xc:none -fill "$2" -draw "translate 300,446 rotate -14 ellipse 0,0 176,106 0,360" "$tmp/bean.png"
  convert -size 600x600 xc:none -fill black -draw "translate 300,446 rotate -14 \
    path 'M -190,14 C -90,-74 -50,-25 0,-9 C 50,7 90,57 190,-31 L 190,-13 C 90,75 50,25 0,9 C -50,-7 -90,-57 -190,32 Z'" "$tmp/crease.png"
  convert "$tmp/bean.png" "$tmp/crease.png" -compose DstOut -composite "$tmp/bean.png"
  convert "$tmp/sun.png" "$tmp/bean.png" -compose Over -composite -strip "$3"
}

art() {
  mark '#E2892F' '#1F3A34' "$tmp/m1.png"
  convert -size 940x1220 xc:none -fill '#F5EDDD' -draw 'roundrectangle 0,0 939,1219 26,26' \
    -fill '#1F3A34' -draw 'rectangle 0,958 939,974' \
    \( "$tmp/m1.png" -resize 410x410 \) -gravity north -geometry +0+66 -compose over -composite \
    -font Inter-Bold -fill '#1F3A34' -kerning 8 -pointsize 108 -annotate +4+528 'NORTHLIGHT' \
    -font Inter-Semi-Bold -kerning 44 -pointsize 58 -annotate +22+672 'COFFEE' \
    -font Lato-Regular -kerning 2 -pointsize 46 -fill '#6B5A48' -annotate +0+784 'Roasted slowly, in small batches' \
    -font Lato-Italic -kerning 1 -pointsize 44 -fill '#6B5A48' -annotate +0+852 'peach · honey · dark cocoa' \
    -gravity northwest -font Inter-Semi-Bold -kerning 3 -pointsize 46 -fill '#1F3A34' -annotate +66+1040 'WHOLE BEAN' \
    -font Lato-Regular -pointsize 42 -fill '#6B5A48' -annotate +66+1106 'House Blend No. 4' \
    -gravity northeast -font Inter-Bold -kerning 1 -pointsize 84 -fill '#E2892F' -annotate +66+1052 '250 g' \
    -strip PNG32:label.png
  mark '#F2A04A' '#FFF4E0' "$tmp/m2.png"
  convert -size 600x300 xc:none \( "$tmp/m2.png" -trim +repage -resize x196 \) -gravity north -geometry +0+6 -compose over -composite \
    -font Inter-Bold -fill '#FFF4E0' -kerning 9 -pointsize 67 -gravity south -annotate +4+6 'NORTHLIGHT' \
    -strip PNG32:"$out/logo.png"
}

# $1 name, $2 width, $3 height, $4 quality, $5 and $6: nearest and farthest sharp
# distance from the camera in centimetres, $7: blur of the far wall in thousandths of the width
picture() {
  w=$2; h=$3; name=$1; file=$out/$1.jpg
  if [ -n "${PREVIEW:-}" ]; then
    mkdir -p previews
    w=$PREVIEW; h=$(($3 * PREVIEW / $2)); file=previews/$1.jpg
    tw=$w; th=$h; smooth="+A0.3 +AM1 +R2"
  else
    # Traced at 2/3 of the size: the pictures have a camera's softness anyway.
    tw=$((w * 2 / 3)); th=$((h * 2 / 3)); smooth="+A0.15 +AM2 +R2"
  fi
  echo "$name (${w}x$h)"
  # shellcheck disable=SC2086
  trace "$name" "$tmp/$name.png" "$tw" "$th" +Q9 $smooth
  trace "$name" "$tmp/depth.png" "$tw" "$th" +Q9 +A0.3 +AM1 +R2 Declare=Depth=1 File_Gamma=1.0
  convert "$tmp/$name.png" -alpha off -filter Lanczos -resize "${w}x$h!" "$tmp/sharp.png"
  convert "$tmp/depth.png" -alpha off -set colorspace sRGB -colorspace Gray -resize "${w}x$h!" "$tmp/dist.png"
  lens "$w" "$5" "$6" "$7"
  develop "$tmp/soft.png" "$w" "$h" "$4" "$file"
}

trace() {
  scene=$1; png=$2; shift 2
  pw=$1; ph=$2; shift 2
  povray "+I$scene.pov" "+O$png" "+W$pw" "+H$ph" +WT1 -D "$@" >"$tmp/log" 2>&1 || {
    grep -iE -B3 -A4 'error' "$tmp/log" >&2
    exit 1
  }
}

# The lens: what lies behind the sharp range is blurred in two steps, each without
# taking in the colours of what stands before it; then what lies in front of it.
lens() {
  # Mist value at a distance, in percent, as the scenes draw it; and blur radii.
  n0=0 n1=0 f1=0 f2=0 f3=0 s0=0 s1=0 s2=0
  eval "$(awk -v w="$1" -v n="$2" -v f="$3" -v b="$4" 'function v(d) { return 100 * (1 - exp(-d / 60)) }
    BEGIN { printf "n0=%.2f n1=%.2f f1=%.2f f2=%.2f f3=%.2f s1=%.1f s2=%.1f s0=%.1f",
      v(n * .72), v(n), v(f), v(f * 1.35), v(f * 2.1), w * b / 2600, w * b / 1000, w * b / 2400 }')"
  convert "$tmp/dist.png" -level "$f1%,$f2%" "$tmp/far1.png"
  convert "$tmp/dist.png" -level "$f2%,$f3%" "$tmp/far2.png"
  convert "$tmp/dist.png" -level "$n0%,$n1%" -negate -blur "0x$s0" "$tmp/near.png"
  convert "$tmp/sharp.png" "$tmp/far1.png" -alpha off -compose CopyOpacity -composite -channel RGBA -blur "0x$s1" -alpha off "$tmp/b1.png"
  convert "$tmp/sharp.png" "$tmp/far2.png" -alpha off -compose CopyOpacity -composite -channel RGBA -blur "0x$s2" -alpha off "$tmp/b2.png"
  convert "$tmp/sharp.png" "$tmp/b1.png" "$tmp/far1.png" -compose Over -composite "$tmp/soft.png"
  convert "$tmp/soft.png" "$tmp/b2.png" "$tmp/far2.png" -compose Over -composite "$tmp/soft.png"
  convert "$tmp/soft.png" \( +clone -blur "0x$s0" \) "$tmp/near.png" -compose Over -composite "$tmp/soft.png"
}

# As in a darkroom: size, a soft glow from the lights, tone curve, corners, fine grain.
develop() {
  convert "$1" -alpha off \
    \( +clone -resize 12.5% -blur 0x5 -resize "$2x$3!" -level 45%,100% -evaluate multiply 0.16 \) -compose Screen -composite \
    -channel B -evaluate multiply 1.08 -channel R -evaluate multiply 0.99 +channel \
    -level 1.5%,95% -sigmoidal-contrast 3x39% -modulate 100,104 \
    \( -size "$2x$3" radial-gradient:white-gray62 -resize "$2x$3!" \) -compose Multiply -composite \
    -unsharp 0x0.9+0.45+0.01 -attenuate 0.05 +noise Gaussian \
    -strip -interlace JPEG -sampling-factor 4:2:0 -quality "$4" "$5"
}

want() {
  [ -z "$list" ] && return 0
  for n in $list; do [ "$n" = "$1" ] && return 0; done
  return 1
}
list="$*"
if want art || [ ! -f label.png ]; then art; fi
#                                 name     size      JPEG sharp   wall
if want 01_cup; then picture 01_cup 1440 2160 86 34 45 11; fi
if want 02_table; then picture 02_table 2000 1333 86 43 61 8; fi
if want 03_top; then picture 03_top 1500 1500 84 45 90 4; fi
if want 04_bag; then picture 04_bag 1080 1920 88 36 51 12; fi
if want 05_row; then picture 05_row 2100 1050 86 30 39 7; fi
if want 06_pour; then picture 06_pour 1200 1600 86 42 57 11; fi
