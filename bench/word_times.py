"""Compares the word times of voices with an independent aligner: PyPI `pocketsphinx`, forced alignment.

    python3 bench/word_times.py PYTOON [--piper FILE.onnx]

PYTOON is the built program. Every line of bench/sentences.txt is spoken in a film of its own, with
`heart`, with eSpeak NG (whose times are known to be exact, so its row shows the aligner's own error)
and, where a file is given, with a Piper voice. The takes are aligned with the words of the line, and
the starts of words are compared: signed median, median and 90th percentile of the distance, and the
share within 40 ms. Words that the aligner's dictionary lacks leave their sentence out.

Needs `pip install pocketsphinx librosa numpy`.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import librosa
import numpy
from pocketsphinx import Decoder

SENTENCES = pathlib.Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()


def speak(program: str, sentence: str, voice: dict, tts: dict, folder: pathlib.Path):
    """The take of a sentence and the starts of its words in it, in milliseconds."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "defaults.yaml").write_text(json.dumps({"tts": tts}), encoding="utf-8")
    brief = {"script": sentence, "voice": voice, "profile": "test", "music_source": "none", "language": "en"}
    (folder / "brief.json").write_text(json.dumps(brief), encoding="utf-8")
    out = folder / "out"
    subprocess.run(
        [program, "render", "brief.json", "--out", "out", "--config", "config", "--quiet"],
        cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    timeline = json.loads((out / "timeline.json").read_text(encoding="utf-8"))
    words = [
        (word["text"], float(word["start"])) for cue in timeline["tracks"]["captions"] for word in cue["words"]
    ]
    clips = [clip for track in timeline["tracks"]["audio"] if track["kind"] == "voice" for clip in track["clips"]]
    end = max(clip["end"] for clip in clips)
    samples = numpy.zeros(int(end * 16) + 8000, numpy.float32)
    for clip in clips:
        take, _ = librosa.load(out / clip["asset"], sr=16000)
        at = int(clip["start"] * 16)
        samples[at : at + len(take)] += take[: len(samples) - at]
    return samples, words


def aligned(samples, words):
    """The aligner's starts in milliseconds; nothing where it does not know a word."""
    plain = [re.sub(r"[^a-z' ]", "", text.lower().replace("’", "'").replace("-", " ")) for text, _ in words]
    lead = numpy.zeros(1600, numpy.float32)
    raw = (numpy.concatenate([lead, samples]) * 0.7 * 32767).astype("<i2").tobytes()
    decoder = Decoder(lm=None, loglevel="FATAL")
    if any(decoder.lookup_word(word) is None for word in " ".join(plain).split()):
        return None
    decoder.set_align_text(" ".join(plain))
    decoder.start_utt()
    decoder.process_raw(raw, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return None
    found = [(re.sub(r"\(\d+\)$", "", seg.word), seg.start_frame * 10.0 - 100.0) for seg in decoder.seg()]
    found = [entry for entry in found if not entry[0].startswith("<") and entry[0] not in ("(NULL)", "<sil>")]
    return found if [word for word, _ in found] == " ".join(plain).split() else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--piper")
    args = parser.parse_args()
    program = str(pathlib.Path(args.program).resolve())
    voices = {"heart": ({"provider": "neural", "name": "heart"}, {}), "espeak": ({"provider": "espeak"}, {})}
    if args.piper:
        path = str(pathlib.Path(args.piper).resolve())
        voices["piper"] = ({"provider": "piper"}, {"piper": {"voices": {"en": path}}})
    for name, (voice, tts) in voices.items():
        errors, used = [], 0
        for sentence in SENTENCES:
            with tempfile.TemporaryDirectory() as folder:
                samples, words = speak(program, sentence, voice, tts, pathlib.Path(folder))
            found = aligned(samples, words)
            if found is None or len(found) != len(words):
                continue
            used += 1
            errors += [start - time for (_, start), (_, time) in zip(words, found)]
        errors = numpy.array(errors)
        distance = numpy.abs(errors)
        print(
            f"voice={name} sentences={used} words={len(errors)} signed_median_ms={numpy.median(errors):.1f} "
            f"median_ms={numpy.median(distance):.1f} p90_ms={numpy.percentile(distance, 90):.1f} "
            f"within_40ms={100 * (distance <= 40).mean():.1f}%",
            flush=True,
        )


if __name__ == "__main__":
    main()
