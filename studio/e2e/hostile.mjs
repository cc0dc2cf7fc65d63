// Script in a brief's text, in a file's name and in a vendor's error is text.
import { assert, drop, given, logIn, open, view } from "./harness.mjs";

export default async function hostile() {
  const { page, close } = await open();
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  await logIn(page);
  await page.getByText("Fresh bread").first().waitFor();
  await view(page, `/films/${given.job}`);
  await page.getByRole("region", { name: /^Problems/ }).getByRole("button").first().click();
  await page.getByText("Words and captions").first().click();
  assert.ok((await page.locator("main").innerText()).includes("onerror=alert"), "the text is shown as it is");
  await view(page, "/make");
  await drop(page, page.locator(".drop"), [given.file]);
  await page.getByText(given.file.name, { exact: true }).waitFor();
  await page.getByLabel("Script", { exact: true }).fill(given.text);
  await page.waitForTimeout(1500);
  const foreign = await page.evaluate(() => document.querySelectorAll("main script, main img[src='x'], main [onerror]").length);
  assert.equal(foreign, 0, "no element was made from a text");
  assert.equal(dialogs, 0, "no script ran");
  await close();
}
