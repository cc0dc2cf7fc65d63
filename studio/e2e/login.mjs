// Logging in and out; a person without a key is refused, and the key stays nowhere.
import { accessible, assert, given, logIn, open } from "./harness.mjs";

export default async function login() {
  const { context, page, close } = await open();
  await page.goto(`${given.origin}/#/make`);
  await page.getByLabel("API key").waitFor();
  assert.equal(await page.getByRole("link", { name: "New film" }).count(), 0, "nothing is shown without a session");
  await accessible(page, "the login");
  await page.getByLabel("API key").fill("pyt_wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "unknown or revoked" }).waitFor();

  await logIn(page);
  const [cookie, ...others] = await context.cookies();
  assert.equal(others.length, 0);
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.documentElement.outerHTML]));
  assert.ok(!kept.includes(given.key), "the key is not in the page");

  await page.reload();
  await page.getByRole("link", { name: "New film" }).waitFor();
  // The other language, which is remembered.
  await page.getByRole("button", { name: "Deutsch" }).click();
  await page.getByRole("link", { name: "Neuer Film" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await page.reload();
  await page.getByRole("button", { name: "English" }).click();

  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("API key").waitFor();
  const status = await page.evaluate(async () => (await fetch("/api/v2/jobs")).status);
  assert.equal(status, 401, "the session has ended");
  await close();
}
