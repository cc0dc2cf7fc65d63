// An operator switches an engine off, and another process honours it; a runbook is read inside the page.
import { accessible, ask, given, logIn, open, view } from "./harness.mjs";

export default async function switchOff() {
  const { page, close } = await open();
  await logIn(page);
  await page.getByRole("link", { name: "Operate" }).click();
  const engines = page.getByRole("region", { name: "Engines", exact: true });
  await engines.getByRole("button", { name: "Switch runway off" }).click();
  await engines.getByLabel("Reason").fill("bills look wrong");
  await engines.getByRole("button", { name: "Switch runway off" }).click();
  await engines.getByText(/Switched off by .*bills look wrong/).waitFor();
  await accessible(page, "the view of operators");
  await ask("film-by-luma");
  await engines.getByRole("button", { name: "Switch runway on" }).click();
  await engines.getByRole("button", { name: "Switch runway off" }).waitFor();
  await ask("film-by-runway");

  await engines.getByRole("link", { name: "What to do" }).click();
  await page.getByRole("heading", { level: 1, name: "Engine health" }).waitFor();
  await accessible(page, "a runbook");
  // A person without the scope does not see the view.
  await page.getByRole("button", { name: "Log out" }).click();
  await logIn(page, given.reader);
  await page.getByRole("link", { name: "Films" }).waitFor();
  if (await page.getByRole("link", { name: "Operate" }).count() > 0) throw new Error("a reader sees Operate");
  await view(page, "/make");
  await page.getByText("This key may look at films, but not make any.").waitFor();
  await close();
}
