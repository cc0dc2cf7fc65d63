// The service stops and starts again while a film is made: the page says so, and recovers by itself.
import { ask, given, logIn, open, untilDone, view } from "./harness.mjs";

export default async function restart() {
  const { page, close } = await open();
  await logIn(page);
  await view(page, `/films/${given.job}`);
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  await ask("kill");
  await page.getByText(/The connection is lost/).waitFor();
  await ask("start");
  await untilDone(page, 150_000);
  await page.getByText(/The connection is lost/).waitFor({ state: "detached" });
  await close();
}
