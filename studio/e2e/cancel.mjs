// A film is cancelled while it is made.
import { accessible, given, logIn, open, view } from "./harness.mjs";

export default async function cancel() {
  const { page, close } = await open();
  await logIn(page);
  await view(page, `/films/${given.job}`);
  const button = page.getByRole("button", { name: "Cancel" });
  await button.waitFor();
  await accessible(page, "a film that is being made");
  await button.click();
  await page.getByRole("status").filter({ hasText: /^Cancell/ }).first().waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await close();
}
