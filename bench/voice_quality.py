"""Estimates how natural voices sound: DNSMOS P.808 (Reddy, Gopal and Cutler, "DNSMOS: a non-intrusive
perceptual objective speech quality metric", ICASSP 2021), as PyPI `speechmos` packages it.

    python3 bench/voice_quality.py PYTOON VOICE [VOICE ...]

PYTOON is the built program, VOICE a name that `pytoon voices --say` knows. The 40 lines of
bench/sentences.txt are spoken by the program, the voice chain included, and scored three times: as
one script, in passages of three, and each by itself. The estimator listens to 9 s, through a window
that moves over longer sound; shorter sound it plays again from the start, and hears the joints. Needs
`pip install speechmos librosa onnxruntime`. Prints mean, standard deviation and the worst text.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile

import librosa
from speechmos import dnsmos

SENTENCES = pathlib.Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()


def score(program: str, voice: str, sentence: str, folder: str) -> float:
    wav = pathlib.Path(folder, "said.wav")
    subprocess.run(
        [program, "voices", "--say", sentence, "--voice", voice, "--out", str(wav), "--quiet"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    samples, rate = librosa.load(wav, sr=16000)
    peak = max(abs(samples.max()), abs(samples.min()), 1e-9)
    return float(dnsmos.run(samples / max(peak, 1.0), sr=rate)["p808_mos"])


def main() -> None:
    program, voices = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        for voice in voices:
            for together in (len(SENTENCES), 3, 1):
                texts = [
                    " ".join(SENTENCES[at : at + together])
                    for at in range(0, len(SENTENCES) - together + 1, together)
                ]
                scores = [score(program, voice, text, folder) for text in texts]
                worst = min(zip(scores, texts))
                print(
                    f"voice={voice} sentences_together={together} texts={len(scores)} "
                    f"p808_mean={statistics.mean(scores):.2f} "
                    f"p808_sd={statistics.pstdev(scores):.2f} worst={worst[0]:.2f} ({worst[1][:120]})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
