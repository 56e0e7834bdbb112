import assert from "node:assert/strict";
import { hostOf, HttpPoster } from "../../../src/alerting/http_target.ts";
import { DeliveryError } from "../../../src/alerting/notifier.ts";
import { ConfigError } from "../../../src/base/errors.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";

/** Posts to a server that responds with this, and returns the error, and the requests. */
async function post(
  init: ResponseInit,
  headers: Readonly<Record<string, string>> = {},
) {
  const requests: { method: string; headers: Headers; text: string }[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      requests.push({
        method: request.method,
        headers: request.headers,
        text: await request.text(),
      });
      return new Response(init.status === 204 ? null : "a reason", init);
    },
  );
  using poster = new HttpPoster({
    url: new URL(`http://127.0.0.1:${server.addr.port}/a`),
    caPath: undefined,
  });
  const error = await poster.post("{}", headers, AbortSignal.timeout(10_000))
    .then(() => undefined, (reason) => reason as DeliveryError);
  return { error, requests };
}

Deno.test("HttpPoster.post() sends JSON, with the headers of the target", async () => {
  const { error, requests } = await post({ status: 204 }, { "x-a": "b" });
  assert.equal(error, undefined);
  const [request] = requests as [typeof requests[0]];
  assert.deepEqual([request.method, request.text], ["POST", "{}"]);
  assert.deepEqual(["content-type", "user-agent", "x-a"].map((name) => request.headers.get(name)), [
    "application/json",
    "physiology_server",
    "b",
  ]);
});

Deno.test("HttpPoster.post() may be repeated after statuses that can pass, and no others", async () => {
  for (
    const [status, retry] of [
      [302, false],
      [400, false],
      [404, false],
      [408, true],
      [425, true],
      [429, true],
      [499, false],
      [500, true],
      [503, true],
    ] as const
  ) {
    const { error, requests } = await post({ status, headers: { location: "/other" } });
    assert(error instanceof DeliveryError);
    assert.deepEqual([error.message, error.retry, error.retryAfterMs], [
      `HTTP ${status}`,
      retry,
      undefined,
    ]);
    assert.equal(requests.length, 1);
  }
  assert.equal((await post({ status: 200 })).error, undefined);
});

Deno.test("HttpPoster.post() has the delay that the target asks for, up to an hour", async () => {
  for (const [seconds, ms] of [[30, 30_000], [3600, 3_600_000], [7200, 3_600_000]] as const) {
    const { error } = await post({ status: 429, headers: { "retry-after": `${seconds}` } });
    assert.equal(error?.retryAfterMs, ms);
  }
});

Deno.test("HttpPoster verifies the certificate by the authorities of its file", async () => {
  using folder = temporaryFolder();
  const { ca, unknownCa, server: { cert, key } } = makeCertificates(folder.path);
  const tls = { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...tls },
    () => new Response(),
  );
  const send = async (caPath: string | undefined) => {
    const url = new URL(`https://127.0.0.1:${server.addr.port}/`);
    using poster = new HttpPoster({ url, caPath });
    await poster.post("{}", {}, AbortSignal.timeout(10_000));
  };
  await send(ca);
  for (const path of [unknownCa, undefined]) await assert.rejects(send(path), TypeError);
  const url = new URL("https://a/");
  assert.throws(() => new HttpPoster({ url, caPath: `${folder.path}/missing` }), ConfigError);
});

Deno.test("hostOf() has the port of the scheme unless the URL names one", () => {
  for (
    const [url, host] of [
      ["https://a.example/", "a.example:443"],
      ["http://a.example/", "a.example:80"],
      ["https://a.example:8443/", "a.example:8443"],
      ["http://[::1]:81/", "[::1]:81"],
    ] as const
  ) assert.equal(hostOf(new URL(url)), host);
});
