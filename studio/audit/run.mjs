// Audits the views of the studio with Lighthouse, on a service that scripts/check-page.sh has started. Fails unless
// accessibility and best practices have the full score. The performance score depends on the machine, so it is printed only.
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import puppeteer from "puppeteer-core";

const [origin, key, job] = process.argv.slice(2);
const HELD = ["accessibility", "best-practices"];

const chrome = await launch({ chromePath: process.env.CHROMIUM, chromeFlags: ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"] });
let isPassed = true;

async function audit(name, path, config) {
  const flags = { port: chrome.port, output: "json", logLevel: "error", disableStorageReset: true, onlyCategories: ["performance", ...HELD] };
  const { lhr } = await lighthouse(`${origin}/#${path}`, flags, config);
  const scores = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round((score ?? 0) * 100)]);
  const weight = Math.round((lhr.audits["total-byte-weight"]?.numericValue ?? 0) / 1024);
  console.log(`${name}: ${scores.map(([id, score]) => `${id} ${score}`).join(", ")}, ${weight} KiB`);
  for (const [id, score] of scores) {
    if (!HELD.includes(id) || score === 100) continue;
    isPassed = false;
    for (const { id: audit } of lhr.categories[id].auditRefs) {
      const { score, title, details } = lhr.audits[audit];
      if (score !== null && score < 1) console.log(`  ${audit}: ${title} ${JSON.stringify(details?.items ?? []).slice(0, 400)}`);
    }
  }
}

try {
  await audit("login, phone", "/");
  await audit("login, desktop", "/", desktopConfig);
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}` });
  const page = await browser.newPage();
  await page.goto(origin);
  const status = await page.evaluate(async (key) => {
    const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ key }) };
    return (await fetch("/api/v2/session", options)).status;
  }, key);
  if (status >= 300) throw new Error(`the login failed with status ${status}`);
  await page.close();
  await browser.disconnect();
  for (const [name, path] of [["films", "/"], ["make", "/make"], ["film", `/films/${job}`], ["operate", "/operate"]]) {
    await audit(`${name}, phone`, path);
    await audit(`${name}, desktop`, path, desktopConfig);
  }
} finally {
  chrome.kill();
}
if (!isPassed) process.exitCode = 1;
