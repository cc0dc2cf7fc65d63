// A planted fallback and a planted late caption are found by looking.
import { accessible, assert, given, logIn, open, view } from "./harness.mjs";

export default async function understand() {
  const { page, close } = await open();
  await logIn(page);
  await view(page, `/films/${given.job}`);
  const problems = page.getByRole("region", { name: /^Problems/ });
  const late = problems.getByRole("button", { name: /is \d+ ms late/ });
  await late.waitFor();
  const fallback = problems.getByRole("button", { name: /local drew the scene instead of runway/ });
  await fallback.click();
  const inspector = page.getByRole("region", { name: "Details of the selection" });
  await inspector.getByText("What to do:").waitFor();
  assert.match(await inspector.innerText(), /runway/);
  await late.click();
  assert.match(await inspector.innerText(), /should be highlighted at [\d.]+ s, but the caption appears at [\d.]+ s/);
  // The same by the keys of the timeline.
  const playhead = page.getByRole("slider", { name: "Playhead" });
  await playhead.focus();
  await page.keyboard.press("n");
  const first = await inspector.innerText();
  await page.keyboard.press("n");
  assert.notEqual(await inspector.innerText(), first, "the next problem is another one");
  // One frame forward, and a word that is heard.
  const before = await playhead.getAttribute("aria-valuetext");
  await page.keyboard.press(".");
  assert.notEqual(await playhead.getAttribute("aria-valuetext"), before);
  await page.getByText("Words and captions").first().click();
  await page.getByRole("button", { name: /^bread,/ }).first().click();
  await page.waitForFunction(() => {
    const video = document.querySelector("video");
    return video !== null && video.currentTime > 0;
  });
  await accessible(page, "the timeline");
  await close();
}
