// The entry of the self-contained HTML file: the timeline of the film in the JSON element `bundle`.
import { render } from "preact";
import { readBundle, type WrittenBundle } from "./timeline/bundle";
import { TimelineView } from "./timeline/view";
import { words } from "./text";

/** Returns the film of this file; null in the bare template. */
function read(): WrittenBundle | null {
  try {
    return JSON.parse(document.getElementById("bundle")?.textContent ?? "") as WrittenBundle;
  } catch {
    return null;
  }
}

const written = read();
const bundle = written && readBundle(written);
document.title = bundle?.name ? `pytoon: ${bundle.name}` : "pytoon";
render(
  <main id="content">
    <h1>{bundle?.name || "pytoon"}</h1>
    {bundle ? <TimelineView bundle={bundle} /> : <p class="problem">{words().noBundle}</p>}
  </main>,
  document.getElementById("app")!,
);
