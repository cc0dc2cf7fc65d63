// Every view at phone and desktop size, in light and dark: axe finds nothing, and nothing is wider than the window.
import { accessible, fitsWidth, given, logIn, open, view } from "./harness.mjs";

const VIEWS = [
  ["/", "films", (page) => page.getByRole("listitem").first()],
  ["/make", "make", (page) => page.getByLabel("Script", { exact: true })],
  ["/operate", "operate", (page) => page.getByRole("region", { name: "Engines", exact: true })],
  ["/documents/runbooks/tts", "a runbook", (page) => page.getByRole("heading", { level: 1, name: "Voices" })],
  [`/films/${given.job}`, "a film", (page) => page.getByRole("slider", { name: "Playhead" })],
];

export default async function views() {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [{ width: 390, height: 844 }, { width: 1440, height: 900 }]) {
      const { page, close } = await open({ colorScheme, viewport, hasTouch: viewport.width < 500 });
      await logIn(page);
      for (const [fragment, name, isShown] of VIEWS) {
        await view(page, fragment);
        await isShown(page).waitFor();
        const what = `${name} at ${viewport.width} px, ${colorScheme}`;
        await accessible(page, what);
        await fitsWidth(page, what);
      }
      await close();
    }
  }
}
