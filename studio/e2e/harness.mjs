// Runs one scenario in Chromium against a service that a Rust test has started. The test and the scenario talk in
// lines: the scenario prints `@word` and waits for a line.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

/** The values of the Rust test, in a file: the address of the service, an API key, and the scenario's own values. */
export const given = JSON.parse(readFileSync(process.env.PYTOON_SCENARIO, "utf8"));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the Rust test to do something, and returns its answer. */
export async function ask(word) {
  process.stdout.write(`@${word}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error(`the test did not answer @${word}`);
  return value;
}

/** Starts the browser and opens a page. Fails at the end if the page logged an error or broke its own policy. */
export async function open(options = {}) {
  const browser = await chromium.launch({
    executablePath: given.chromium,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"],
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors = [];
  const refused = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) errors.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (!["blob:", "data:"].includes(protocol) && origin !== given.origin && request.url() !== given.page) refused.push(request.url());
  });
  const close = async () => {
    await browser.close();
    assert.deepEqual(errors, [], "the page logged errors");
    assert.deepEqual(refused, [], "the page asked another host");
  };
  return { browser, context, page, close };
}

/** Opens the first page and logs in with the key. */
export async function logIn(page, key = given.key) {
  await page.goto(`${given.origin}/`);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("link", { name: "New film" }).waitFor();
}

/** Opens a view by the fragment of its address. */
export async function view(page, fragment) {
  await page.goto(`${given.origin}/#${fragment}`);
}

/** Fails if axe finds anything on the page as it is. */
export async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
  assert.deepEqual(found, [], `axe on ${what}`);
}

/** Fails if the page is wider than the window. */
export async function fitsWidth(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${what} is ${over} px wider than the window`);
}

/** Drops files onto an element, as a person drags them from a folder. */
export async function drop(page, target, files) {
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const { name, type, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      data.items.add(new File([bytes], name, { type }));
    }
    return data;
  }, files);
  await target.dispatchEvent("dragover", { dataTransfer: transfer });
  await target.dispatchEvent("drop", { dataTransfer: transfer });
}

/** Waits until the film's page shows that the job is done. */
export async function untilDone(page, timeout = 90_000) {
  await page.locator("video").first().waitFor({ timeout });
}

export { assert };
