// Takes the pictures of the guide: PYTOON_SCENARIO as for a scenario, with `job` (a finished film with a fallback), `script`,
// `files` (paths of pictures) and `out` (a folder).
import { given, open, view } from "./harness.mjs";

const picture = (page, name) => page.screenshot({ path: `${given.out}/${name}.jpg`, type: "jpeg", quality: 72 });

export default async function shots() {
  const { page, browser } = await open({ viewport: { width: 1280, height: 860 } });
  await view(page, "/make");
  await page.getByLabel("Script", { exact: true }).fill(given.script);
  await page.locator("input[type=file][multiple]").setInputFiles(given.files);
  await page.getByRole("region", { name: "Plan" }).getByText("Scene 3").first().waitFor();
  await page.waitForTimeout(2500);
  await page.evaluate(() => document.activeElement?.blur());
  await picture(page, "make");

  await view(page, `/films/${given.job}`);
  await page.getByRole("region", { name: /^Problems/ }).getByRole("button").first().click();
  await page.waitForTimeout(4000);
  await page.getByRole("heading", { name: "Timeline" }).scrollIntoViewIfNeeded();
  await page.evaluate(() => scrollTo(0, document.querySelector("video").getBoundingClientRect().top + scrollY - 90));
  await page.waitForTimeout(500);
  await page.setViewportSize({ width: 1280, height: 1420 });
  await page.waitForTimeout(800);
  await picture(page, "film");

  await page.getByRole("region", { name: "Scenes and words" }).getByRole("button").first().click();
  await page.getByLabel("Shown as").fill("Good mornings start with BETTER coffee.");
  await page.getByText(/Nothing has to be paid|costs/).first().waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.waitForTimeout(800);
  await picture(page, "change");

  await view(page, "/operate");
  await page.getByRole("region", { name: "Engines", exact: true }).waitFor();
  await page.waitForTimeout(800);
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, "operate");
  await browser.close();
}
