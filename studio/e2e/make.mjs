// A film from dropped pictures and a recording, with a file that is refused.
import { assert, drop, given, logIn, open, untilDone, view } from "./harness.mjs";

export default async function make() {
  const { page, close } = await open();
  await logIn(page);
  await view(page, "/make");
  const area = page.locator(".drop");
  await drop(page, area, [...given.pictures, given.recording, given.broken]);
  for (const { name } of given.pictures) await page.getByText(name, { exact: true }).waitFor();
  // The broken picture is refused beside its name; the others stay.
  const row = page.getByRole("listitem").filter({ hasText: "broken.jpg" });
  await row.getByRole("alert").waitFor();
  await row.getByRole("button", { name: "Remove broken.jpg" }).click();
  assert.equal(await page.getByText("broken.jpg", { exact: true }).count(), 0);

  await page.getByLabel("Script", { exact: true }).fill("Fresh bread, baked at dawn. Come by before it is gone.");
  const plan = page.getByRole("region", { name: "Plan" });
  await plan.getByText("Come by before it is gone.").first().waitFor();
  // An unfinished brief survives a reload.
  await page.reload();
  await page.getByText(given.pictures[0].name, { exact: true }).waitFor();
  assert.match(await page.getByLabel("Script", { exact: true }).inputValue(), /^Fresh bread/);
  await page.getByRole("region", { name: "Plan" }).getByText("Come by before it is gone.").first().waitFor();

  await page.getByText("Opening, ending and effects").click();
  await page.getByLabel("Title over the beginning").fill("Warm at nine");
  await page.getByLabel("Call to action at the end").fill("Order your loaf");
  await page.getByLabel("An end that runs into the beginning").check();
  await page.getByText("More settings").click();
  await page.getByLabel("Format", { exact: true }).selectOption("1:1");
  await page.getByLabel("4:5, a post").check();
  await page.getByLabel("Place of the captions").selectOption("upper");
  await page.getByRole("button", { name: "Make a draft" }).click();
  await page.getByRole("progressbar", { name: "Progress" }).waitFor();
  await untilDone(page);
  const length = await page.locator("video").first().evaluate((video) => new Promise((resolve) => {
    if (video.duration > 0) resolve(video.duration);
    else video.addEventListener("loadedmetadata", () => resolve(video.duration));
  }));
  assert.ok(length > 2 && length < 30, `the film has ${length} s`);
  assert.ok(await page.locator("video").first().evaluate((video) => video.videoWidth === video.videoHeight), "the film is square");
  const downloads = page.getByRole("navigation", { name: "Downloads" });
  const [download] = await Promise.all([page.waitForEvent("download"), downloads.getByRole("link", { name: "Film", exact: true }).click()]);
  assert.equal(download.suggestedFilename(), "output.mp4");
  const further = downloads.getByRole("link", { name: "Film in 4:5" });
  const [other] = await Promise.all([page.waitForEvent("download"), further.click()]);
  assert.equal(other.suggestedFilename(), "output.4x5.mp4");
  const read = (what) => page.evaluate(async (path) => (await fetch(path)).json(), `/api/v2/jobs/${page.url().split("/").at(-1)}/${what}`);
  const receipt = await read("receipt");
  assert.equal(receipt.voice.provider, "voice_file", JSON.stringify(receipt.voice));
  const { tracks } = await read("timeline");
  assert.ok(tracks.captions.length > 0 && tracks.captions.every((cue) => cue.zone === "upper"), JSON.stringify(tracks.captions));
  const titles = tracks.overlays.map((overlay) => overlay.content.text);
  assert.deepEqual(titles, ["Warm at nine", "Order your loaf"]);
  assert.equal(tracks.video.at(-1).transitionIn?.kind, "dissolve", "the film runs into its beginning");
  await close();
}
