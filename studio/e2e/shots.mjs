// Takes pictures of every view for the README and the guide: PYTOON_SCENARIO as for a scenario, with `job` and `out`.
import { given, open, view } from "./harness.mjs";

const VIEWS = [
  ["films", "/", (page) => page.getByRole("listitem").first()],
  ["make", "/make", (page) => page.getByLabel("Script", { exact: true })],
  ["film", `/films/${given.job}`, (page) => page.getByRole("slider", { name: "Playhead" })],
  ["operate", "/operate", (page) => page.getByRole("region", { name: "Engines", exact: true })],
  ["runbook", "/documents/runbooks/tts", (page) => page.getByRole("heading", { level: 1 })],
];

export default async function shots() {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1440]) {
      const { page, browser } = await open({ colorScheme, viewport: { width, height: 900 } });
      for (const [name, fragment, isShown] of VIEWS) {
        await view(page, fragment);
        await isShown(page).waitFor();
        if (name === "make") {
          await page.getByLabel("Script", { exact: true }).fill(given.script ?? "");
          await page.waitForTimeout(2500);
        }
        if (name === "film") {
          await page.getByRole("region", { name: "Scenes and words" }).getByRole("button").first().click();
          await page.waitForTimeout(1500);
        }
        await page.waitForTimeout(700);
        await page.screenshot({ path: `${given.out}/${name}-${width}-${colorScheme}.png`, fullPage: name !== "make" });
      }
      await browser.close();
    }
  }
}
