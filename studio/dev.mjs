// A server for development: the page as it was built last, and everything else from a running service. A change of the
// page then needs no build of pytoon.
//
//   node dev.mjs [--port 8010] [--service http://127.0.0.1:8000]
//
// Start the service with `pytoon serve --no-auth`, and build the page with `node build.mjs --fast` after each change.
import { createServer, request } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8010" },
    service: { type: "string", default: "http://127.0.0.1:8000" },
  },
});
const service = new URL(options.service);
const dist = join(fileURLToPath(new URL(".", import.meta.url)), "dist");

/** The policy of the service's own page (`pytoon-api`, `studio.rs`). */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
  + "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
  + "require-trusted-types-for 'script'; trusted-types 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };

createServer((incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, "http://localhost");
  const name = pathname === "/" ? "index.html" : /^\/studio\/([\w.-]+)$/.exec(pathname)?.[1];
  if (name) page(name, outgoing);
  else proxy(incoming, outgoing);
}).listen(Number(options.port), "127.0.0.1", () => console.log(`http://localhost:${options.port}/`));

function page(name, outgoing) {
  const path = join(dist, name);
  if (!existsSync(path)) return void outgoing.writeHead(404).end();
  const type = TYPES[extname(name)] ?? "application/octet-stream";
  outgoing.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(readFileSync(path));
}

/** Passes a request on. The service sees its own address as host and origin, as from its own page. */
function proxy(incoming, outgoing) {
  const { headers, method, url } = incoming;
  const own = { ...headers, host: service.host, ...(headers.origin && { origin: service.origin }) };
  const onward = request({ host: service.hostname, port: service.port, method, path: url, headers: own }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", (error) => outgoing.writeHead(502).end(String(error)));
  incoming.pipe(onward);
}
