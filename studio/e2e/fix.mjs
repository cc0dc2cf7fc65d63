// A caption is changed: only its parts are rendered again, the film before stays as a version, and it is restored.
import { accessible, ask, assert, given, logIn, open, view } from "./harness.mjs";

export default async function fix() {
  const { page, close } = await open();
  await logIn(page);
  await view(page, `/films/${given.job}`);
  const scenes = page.getByRole("region", { name: "Scenes and words" });
  await scenes.getByRole("button", { name: /1 · local/ }).first().click();
  const shown = page.getByLabel("Shown as");
  await shown.fill("Fresh rolls, baked at 5 am.");
  const panel = page.getByRole("region", { name: "1 change" });
  await panel.getByText("Captions and picture of scene 1. Nothing has to be paid.").waitFor();
  await accessible(page, "the panel of changes");
  // What is not rendered yet survives a reload.
  await page.reload();
  await panel.getByText("Nothing has to be paid.").waitFor();
  await panel.getByRole("button", { name: "Render again" }).click();
  const versions = page.getByRole("region", { name: "Versions" });
  await versions.waitFor({ timeout: 90_000 });
  const again = JSON.parse(await ask("chunks"));
  assert.ok(again.changed >= 1 && again.changed < again.all, JSON.stringify(again));
  await page.getByText("Fresh rolls,").first().waitFor();

  // Two versions at the same time, side by side and by a wipe that a keyboard moves.
  await versions.getByRole("button", { name: "Compare: Version 1" }).click();
  const comparison = page.getByRole("group", { name: "Comparison" });
  assert.equal(await comparison.locator("video").count(), 2);
  await comparison.getByRole("button", { name: "Wipe" }).click();
  const wipe = comparison.getByRole("slider", { name: /Position of the wipe/ });
  await wipe.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await wipe.inputValue(), "51");
  await accessible(page, "the comparison of versions");

  await versions.getByRole("button", { name: "Rename: Version 1" }).click();
  await versions.getByLabel("Name of version 1").fill("with bread");
  await versions.getByRole("button", { name: "Save" }).click();
  await versions.getByText("1 · with bread").first().waitFor();
  await versions.getByRole("button", { name: "Restore: 1 · with bread" }).click();
  await versions.getByRole("button", { name: "Restore 1 · with bread" }).click();
  await versions.getByText("Version 3").first().waitFor({ timeout: 90_000 });
  const captions = await page.evaluate(async (id) => (await fetch(`/api/v2/jobs/${id}/timeline`)).text(), given.job);
  assert.ok(captions.includes("bread,") && !captions.includes("rolls,"), "the first words are back");
  await close();
}
