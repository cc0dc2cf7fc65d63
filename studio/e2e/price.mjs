// A scene is drawn again by a paid engine: its price is shown first, and a second window reports the conflict.
import { ask, assert, given, logIn, open, view } from "./harness.mjs";

export default async function price() {
  const { context, page, close } = await open();
  await logIn(page);
  await view(page, `/films/${given.job}`);
  const select = async (one) => {
    const scenes = one.getByRole("region", { name: "Scenes and words" });
    await scenes.getByRole("button", { name: /2 · runway/ }).first().click();
  };
  await select(page);
  // The same film in a second window, with a change of its own.
  const other = await context.newPage();
  await view(other, `/films/${given.job}`);
  await select(other);
  await other.getByRole("textbox", { name: "Visual idea" }).fill("A green door");
  await other.getByRole("button", { name: /^Render again for \$/ }).waitFor();

  await page.getByRole("textbox", { name: "Visual idea" }).fill("A red door");
  const button = page.getByRole("button", { name: /^Render again for \$/ });
  await button.waitFor();
  assert.equal(await ask("bought"), "2", "a preview buys nothing");
  const said = Number((await button.innerText()).replace(/^.*\$/, ""));
  await button.click();
  await page.getByRole("region", { name: "Versions" }).waitFor({ timeout: 90_000 });
  assert.equal(await ask("bought"), "3");
  const spent = await page.evaluate(async (id) => (await (await fetch(`/api/v2/jobs/${id}`)).json()).cost_usd, given.job);
  assert.ok(Math.abs(spent - given.spent - said) < 0.006, `${said} was said, ${spent - given.spent} was paid`);

  // The second window reports the conflict and offers both choices.
  await other.bringToFront();
  const late = other.getByRole("button", { name: /^Render again/ });
  if (await late.isVisible()) await late.click();
  const conflict = other.getByRole("alert", { name: "Somebody else has changed this film" });
  await conflict.waitFor();
  await conflict.getByRole("button", { name: "Keep my changes on top of theirs" }).click();
  assert.equal(await other.getByRole("textbox", { name: "Visual idea" }).inputValue(), "A green door");
  assert.equal(await ask("bought"), "3", "a conflict buys nothing");
  await close();
}
