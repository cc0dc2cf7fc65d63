// The file that `pytoon inspect --html` writes, opened from the disk: it needs no service.
import { accessible, assert, fitsWidth, given, open } from "./harness.mjs";

export default async function inspectFile() {
  const { page, close } = await open();
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  await page.goto(given.page);
  await page.getByRole("heading", { name: "bread", level: 1 }).waitFor();
  const playhead = page.getByRole("slider", { name: "Playhead" });
  await playhead.focus();
  const before = await playhead.getAttribute("aria-valuetext");
  await page.keyboard.press(".");
  assert.notEqual(await playhead.getAttribute("aria-valuetext"), before, "the playhead moves by a frame");
  for (const number of ["1", "2", "3"]) {
    await page.getByRole("button", { name: new RegExp(` ${number} · local`) }).first().waitFor();
  }
  for (const track of ["Voice", "Music", "Loudness"]) {
    await page.getByRole("listitem").filter({ hasText: track }).first().waitFor();
  }
  await page.getByText("Words and captions").nth(1).click();
  const text = await page.locator("main").innerText();
  assert.ok(text.includes("</script>") && text.includes("onerror=alert"), "the caption is shown as it is");
  const made = await page.evaluate(() => document.querySelectorAll("main script, main img, [onerror]").length);
  assert.equal(made, 0, "no element was made from a text");
  assert.equal(dialogs, 0, "no script of a text ran");
  await accessible(page, "the file");
  await page.setViewportSize({ width: 390, height: 844 });
  await fitsWidth(page, "the file");
  await close();
}
