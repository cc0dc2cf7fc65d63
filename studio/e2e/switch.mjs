// An operator switches an engine off, and another process honours it; a runbook is read inside the page.
import { accessible, ask, given, logIn, open, view } from "./harness.mjs";

export default async function switchOff() {
  const { page, close } = await open();
  await logIn(page);
  await page.getByRole("link", { name: "Operate" }).click();
  await page.getByText("Nothing needs attention.").waitFor();
  const engines = page.getByRole("region", { name: "Engines", exact: true });
  await engines.getByRole("button", { name: "Switch runway off" }).click();
  // Without a reason, nothing happens.
  await engines.locator("form").getByRole("button", { name: "Switch runway off" }).click();
  await engines.getByText("Enter the reason").waitFor();
  await engines.getByLabel("Reason").fill("bills look wrong");
  await engines.getByRole("button", { name: "Switch runway off" }).click();
  await engines.getByText(/Switched off by .*bills look wrong/).waitFor();
  await accessible(page, "the view of operators");
  await ask("film-by-luma");
  await engines.getByRole("button", { name: "Switch runway on" }).click();
  await engines.getByRole("button", { name: "Switch runway off" }).waitFor();
  await ask("film-by-runway");

  // The same in the file, which has precedence and lasts.
  await engines.getByRole("button", { name: "Disable runway in engine.yaml" }).click();
  await engines.getByRole("button", { name: "Write the file" }).click();
  const enable = engines.getByRole("button", { name: "Enable runway in engine.yaml" });
  await enable.waitFor();
  await ask("file-says-false");
  await enable.click();
  await engines.getByRole("button", { name: "Write the file" }).click();
  await engines.getByRole("button", { name: "Switch runway off" }).waitFor();
  await ask("file-says-true");

  // A voice service has a switch too.
  const voices = page.getByRole("region", { name: "Voices", exact: true });
  await voices.getByRole("button", { name: "Switch openai off" }).click();
  await voices.getByLabel("Reason").fill("sounds wrong");
  await voices.locator("form").getByRole("button", { name: "Switch openai off" }).click();
  await voices.getByText(/Switched off by .*sounds wrong/).waitFor();

  // A paid call whose answer was lost: the list of needs leads to it, and both decisions are made here.
  await ask("lose-answers");
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("button", { name: "2 paid calls have an unknown outcome" }).click();
  const calls = page.getByRole("region", { name: "Paid calls with an unknown outcome" });
  await accessible(page, "unknown calls");
  await calls.locator("input[type=file]").first().setInputFiles(given.clip);
  await calls.getByText("It arrived: choose its clip").nth(1).waitFor({ state: "detached" });
  await calls.getByRole("button", { name: /It never arrived/ }).click();
  await calls.getByRole("button", { name: "Record it as lost" }).click();
  await page.getByText("Nothing needs attention.").waitFor();

  // The verdicts of the doctor, and a rehearsal that says what it does.
  const doctor = page.getByRole("region", { name: "Doctor" });
  await doctor.getByRole("button", { name: "Run the checks" }).click();
  await doctor.getByText(/\d+ checks, /).first().waitFor();
  const rehearsal = page.getByRole("region", { name: "Rehearsal" });
  await rehearsal.getByRole("button", { name: "Start a short rehearsal" }).click();
  await rehearsal.getByRole("button", { name: "The rehearsal is running …" }).waitFor();
  await accessible(page, "the doctor and the rehearsal");

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
