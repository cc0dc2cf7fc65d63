// From the login to the finished film without a pointer.
import { assert, given, open, untilDone } from "./harness.mjs";

export default async function keyboard() {
  const { page, close } = await open();
  const press = (key) => page.keyboard.press(key);
  /** Moves the focus with Tab until it is on what the text names. */
  const tabTo = async (what, most = 80) => {
    for (let count = 0; count < most; count += 1) {
      const name = await page.evaluate(() => {
        const element = document.activeElement;
        const label = element?.getAttribute("aria-label") ?? element?.labels?.[0]?.textContent ?? element?.textContent ?? "";
        return label.trim();
      });
      if (what.test(name)) return;
      await press("Tab");
    }
    assert.fail(`Tab does not reach ${what}`);
  };
  await page.goto(`${given.origin}/`);
  await page.getByLabel("API key").waitFor();
  await tabTo(/^API key/);
  await page.keyboard.type(given.key);
  await press("Enter");
  await page.getByRole("link", { name: "New film" }).waitFor();
  await tabTo(/^New film$/);
  await press("Enter");
  await page.getByLabel("Script", { exact: true }).waitFor();
  await tabTo(/^Script$/);
  await page.keyboard.type("Fresh bread, baked at dawn. Come by before it is gone.");
  await page.getByRole("button", { name: "Make a draft" }).and(page.locator(":enabled")).waitFor();
  await tabTo(/^Make a draft$/);
  await press("Enter");
  await untilDone(page);
  await page.getByRole("slider", { name: "Playhead" }).waitFor();
  await tabTo(/^Playhead$/);
  const at = () => page.getByRole("slider", { name: "Playhead" }).getAttribute("aria-valuetext");
  const start = await at();
  await press("ArrowRight");
  assert.notEqual(await at(), start, "the arrow moves the playhead");
  await press("End");
  const end = await at();
  await press("Home");
  assert.notEqual(await at(), end);
  await close();
}
