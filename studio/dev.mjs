// A server for development: the built page, and the API of a running service. For endpoints that the service does not
// have yet, it answers from the folder of a finished job.
//
//   node dev.mjs [--port 8010] [--service http://127.0.0.1:8011] [--job FOLDER] [--plant] [--key KEY]
//
// `--plant` adds a fallback, a late caption, a word off its voice, a warning and a finding to the job. `--key` makes the
// page ask for this API key.
import { createServer, request } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";
import { fixtures } from "./dev/fixtures.mjs";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8010" },
    service: { type: "string", default: "http://127.0.0.1:8011" },
    job: { type: "string" },
    plant: { type: "boolean", default: false },
    key: { type: "string" },
  },
});
const service = new URL(options.service);
const dist = join(import.meta.dirname, "dist");
const answer = fixtures({ job: options.job, plant: options.plant, key: options.key });

/** The headers that the service sends with the page. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
  + "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
  + "require-trusted-types-for 'script'; trusted-types 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };

createServer(async (incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, "http://localhost");
  const name = pathname === "/" ? "index.html" : /^\/studio\/([\w.-]+)$/.exec(pathname)?.[1];
  if (name) return page(name, outgoing);
  if (!pathname.startsWith("/api/") && pathname !== "/readyz") return end(outgoing, 404);
  const own = await answer(incoming, pathname).catch((error) => ({ status: 500, json: { detail: String(error) } }));
  if (own) return send(own, incoming, outgoing);
  proxy(incoming, outgoing);
}).listen(Number(options.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${options.port}/`));

function page(name, outgoing) {
  const path = join(dist, name);
  if (!existsSync(path)) return end(outgoing, 404);
  outgoing.writeHead(200, {
    "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin", "cache-control": "no-cache",
  });
  outgoing.end(readFileSync(path));
}

function end(outgoing, status) {
  outgoing.writeHead(status, { "content-type": "application/problem+json" });
  outgoing.end(JSON.stringify({ status, title: "Not Found", detail: "there is no such page" }));
}

/** Sends a file or a JSON document, or a part of it. */
function send({ status = 200, json, bytes, type = "application/json", headers = {} }, incoming, outgoing) {
  const body = bytes ?? Buffer.from(JSON.stringify(json));
  const range = /^bytes=(\d+)-(\d*)$/.exec(incoming.headers.range ?? "");
  if (!range || status !== 200) {
    outgoing.writeHead(status, { "content-type": type, "content-length": body.length, "accept-ranges": "bytes", ...headers });
    return outgoing.end(body);
  }
  const [first, last] = [Number(range[1]), Math.min(Number(range[2] || body.length - 1), body.length - 1)];
  outgoing.writeHead(206, {
    "content-type": type, "content-length": last - first + 1, "content-range": `bytes ${first}-${last}/${body.length}`, ...headers,
  });
  outgoing.end(body.subarray(first, last + 1));
}

function proxy(incoming, outgoing) {
  const headers = { ...incoming.headers, host: service.host };
  if (headers.origin) headers.origin = service.origin;
  const forwarded = request(service, { path: incoming.url, method: incoming.method, headers }, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on("error", () => outgoing.destroy());
  outgoing.on("close", () => forwarded.destroy());
  incoming.pipe(forwarded);
}
