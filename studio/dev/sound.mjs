// Measures the stems of a job for the fixtures: peaks, and a plain loudness without weighting.

/** Returns the samples of a 16-bit or 32-bit float WAV file as mono, -1 to 1, and their rate. */
export function readWav(bytes) {
  let at = 12;
  let format = null;
  while (at + 8 <= bytes.length) {
    const name = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === "fmt ") format = { channels: bytes.readUInt16LE(start + 2), rate: bytes.readUInt32LE(start + 4), bits: bytes.readUInt16LE(start + 14) };
    if (name === "data") {
      const step = format.bits / 8;
      const count = Math.floor(Math.min(size, bytes.length - start) / step / format.channels);
      const read = step === 2 ? (place) => bytes.readInt16LE(place) / 32768
        : step === 3 ? (place) => bytes.readIntLE(place, 3) / 8388608 : (place) => bytes.readFloatLE(place);
      const samples = new Float32Array(count);
      for (let index = 0; index < count; index++) {
        let sum = 0;
        for (let channel = 0; channel < format.channels; channel++) sum += read(start + (index * format.channels + channel) * step);
        samples[index] = sum / format.channels;
      }
      return { samples, rate: format.rate };
    }
    at = start + size + (size & 1);
  }
  throw new Error("the file has no samples");
}

/** Returns a waveform-data file, version 2, 8 bit, mono. */
export function peaksOf({ samples, rate }, perPair) {
  const length = Math.ceil(samples.length / perPair);
  const out = Buffer.alloc(24 + length * 2);
  [2, 1, rate, perPair, length, 1].forEach((value, index) => out.writeInt32LE(value, index * 4));
  for (let pair = 0; pair < length; pair++) {
    let [low, high] = [1, -1];
    for (const sample of samples.subarray(pair * perPair, (pair + 1) * perPair)) {
      low = Math.min(low, sample);
      high = Math.max(high, sample);
    }
    out.writeInt8(Math.max(-128, Math.round(low * 127)), 24 + pair * 2);
    out.writeInt8(Math.min(127, Math.round(high * 127)), 25 + pair * 2);
  }
  return out;
}

export function loudnessOf({ samples, rate }) {
  const at = (ms) => Math.round((ms * rate) / 1000);
  const level = (end, length) => {
    if (end < length) return null;
    const part = samples.subarray(at(end - length), at(end));
    const power = part.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(part.length, 1);
    return power > 1e-7 ? Number((10 * Math.log10(power) + 2.3).toFixed(1)) : null;
  };
  const steps = Array.from({ length: Math.floor((samples.length * 1000) / rate / 100) }, (_, index) => index * 100);
  return {
    step_ms: 100, momentary_lufs: steps.map((end) => level(end, 400)), short_term_lufs: steps.map((end) => level(end, 3000)),
  };
}
