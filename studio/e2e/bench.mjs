// Measures the page against a running service: `node e2e/bench.mjs` with PYTOON_SCENARIO as for a scenario, plus `job`, a
// finished film. Prints medians and percentiles; it judges nothing.
import { given, logIn as logInWithKey, open, view } from "./harness.mjs";

/** Logs in, unless the service runs without API keys. */
const logIn = async (page) => {
  if (given.key) await logInWithKey(page);
};

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Returns the time from the start of the navigation until the first view can be used, in milliseconds. */
async function interactive() {
  const { page, close } = await open();
  await logIn(page);
  const times = [];
  for (let run = 0; run < 5; run += 1) {
    await page.goto("about:blank");
    await page.goto(`${given.origin}/#/make`);
    await page.getByLabel("Script", { exact: true }).waitFor();
    times.push(await page.evaluate(() => performance.now()));
  }
  await close();
  return median(times);
}

/** Returns the time of script, style and drawing for each frame, in milliseconds, while something moves the timeline. */
async function frames(page, move) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return (of("ScriptDuration") + of("LayoutDuration") + of("RecalcStyleDuration")) * 1000;
  };
  const times = [];
  for (let frame = 0; frame < 300; frame += 1) {
    const before = await busy();
    await move(frame);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    times.push((await busy()) - before);
  }
  return percentile(times, 0.95);
}

/** Sends a request of the API. */
async function api(method, path, body) {
  const headers = { "content-type": "application/json", ...(given.key && { authorization: `Bearer ${given.key}` }) };
  const answer = await fetch(`${given.origin}/api/v2${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return await answer.json();
}

/** Measures `interactive` while the service makes a film of a minute in full size. */
async function interactiveWhileRendering() {
  const sentence = (number) => `Number ${number} is fresh bread, baked at dawn, with butter on the house.`;
  const script = Array.from({ length: 14 }, (_, index) => sentence(index + 1)).join(" ");
  const { job_id: id } = await api("POST", "/jobs", { script });
  const status = async () => (await api("GET", `/jobs/${id}`)).status;
  while (!["rendering_scenes", "composing"].includes(await status())) await new Promise((resolve) => setTimeout(resolve, 200));
  const time = await interactive();
  const now = await status();
  if (now === "done") throw new Error("the film was done before the measurement");
  await api("POST", `/jobs/${id}/cancel`);
  return `${time.toFixed(0)} ms (median of 5, the film is ${now})`;
}

const first = await interactive();
console.log(`interactive: ${first.toFixed(0)} ms (median of 5)`);
console.log(`interactive while a film is made: ${await interactiveWhileRendering()}`);
const { page, close } = await open();
await logIn(page);
await view(page, `/films/${given.job}`);
const playhead = page.getByRole("slider", { name: "Playhead" });
await playhead.waitFor();
const box = await page.locator("canvas").first().boundingBox();
const at = (share, down) => [box.x + box.width * share, box.y + down];
await page.mouse.move(...at(0.01, 8));
await page.mouse.down();
const scrub = await frames(page, (frame) => page.mouse.move(...at(0.01 + (0.98 * frame) / 300, 8)));
await page.mouse.up();
console.log(`scrub: ${scrub.toFixed(1)} ms of script, style and layout per frame (95th percentile of 300)`);
await playhead.focus();
const zoom = await frames(page, (frame) => page.keyboard.press(frame % 20 < 10 ? "+" : "-"));
console.log(`zoom: ${zoom.toFixed(1)} ms of script, style and layout per frame (95th percentile of 300)`);
await close();
process.exit(0);
