import assert from "node:assert/strict";
import { ClientCredentials, fixedToken } from "../../../src/fhir/access_token.ts";
import { FhirClient, type FhirClientOptions } from "../../../src/fhir/fhir_client.ts";
import { bundleOf } from "../../../src/fhir/observations.ts";
import { type KeyPair, makeCertificates } from "../../support/certificates.ts";
import { coreMetrics, MAPPING, summaryOf, trusted } from "../../support/fhir_intervals.ts";
import { type FhirRequest, FhirServer } from "../../support/fhir_server.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const BUNDLE = JSON.stringify(bundleOf(summaryOf([coreMetrics(5, trusted())]), MAPPING));
const read = (path: string) => Deno.readTextFileSync(path);
const pem = ({ cert, key }: KeyPair) => ({ cert: read(cert), key: read(key) });

async function post(options: Partial<FhirClientOptions> & { readonly url: string }) {
  using client = new FhirClient({ token: undefined, timeoutMs: 5_000, ...options });
  return await client.post(BUNDLE, new AbortController().signal);
}

Deno.test("FhirClient verifies the certificate of the server and its name", async () => {
  using folder = temporaryFolder();
  const certificates = makeCertificates(folder.path);
  const ca = read(certificates.ca);
  await using server = new FhirServer({ tls: certificates.server });
  assert.deepEqual(await post({ url: server.url, ca }), { state: "accepted" });
  const presented = { clientCertificate: pem(certificates.client) };
  assert.deepEqual(await post({ url: server.url, ca, ...presented }), { state: "accepted" });
  const unknown = [{}, { ca: read(certificates.unknownCa) }];
  for (const options of unknown) {
    const result = await post({ url: server.url, ...options });
    assert.match(JSON.stringify(result), /failed.*(certificate|UnknownIssuer)/);
  }
  for (const tls of [certificates.otherName, certificates.expired]) {
    await using other = new FhirServer({ tls });
    const result = await post({ url: other.url, ca });
    assert.match(JSON.stringify(result), /failed.*certificate/);
    assert.deepEqual(other.requests, []);
  }
});

const bearer = (token: string) => ({ authorization }: FhirRequest) =>
  authorization === `Bearer ${token}` ? undefined : new Response(null, { status: 401 });

Deno.test("FhirClient sends its token", async () => {
  await using server = new FhirServer({ answer: bearer("owl-7") });
  const { url } = server;
  assert.deepEqual(await post({ url, token: fixedToken("owl-7") }), { state: "accepted" });
  for (const token of [undefined, fixedToken("other")]) {
    assert.deepEqual(await post({ url, token }), { state: "failed", reason: "HTTP 401" });
  }
});

/** An authorization server that numbers its tokens, and what it was asked. */
function startAuthorization(lifetimeS: number) {
  const asked: { readonly authorization: string | null; readonly body: string }[] = [];
  let answer: Response | undefined;
  const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(listen, async (request) => {
    asked.push({
      authorization: request.headers.get("authorization"),
      body: await request.text(),
    });
    const token = `token-${asked.length}`;
    return answer ?? Response.json({ access_token: token, expires_in: lifetimeS });
  });
  return {
    asked,
    url: `http://127.0.0.1:${server.addr.port}/token`,
    refuse: (response: Response) => void (answer = response),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("ClientCredentials requests a token, and a new one when it expires or is refused", async () => {
  await using authorization = startAuthorization(300);
  let valid = "token-1";
  await using server = new FhirServer({ answer: (request) => bearer(valid)(request) });
  const clock = new ManualClock();
  const token = new ClientCredentials({
    url: authorization.url,
    clientId: "a b",
    clientSecret: "c:ä",
    scope: "system/*.c",
    clock,
  });
  using client = new FhirClient({ url: server.url, token, timeoutMs: 5_000 });
  const send = async () => (await client.post(BUNDLE, new AbortController().signal)).state;
  assert.deepEqual([await send(), await send()], ["accepted", "accepted"]);
  assert.deepEqual(authorization.asked, [{
    authorization: `Basic ${btoa("a+b:c%3A%C3%A4")}`,
    body: "grant_type=client_credentials&scope=system%2F*.c",
  }]);
  await clock.advance(271_000);
  valid = "token-2";
  assert.equal(await send(), "accepted");
  valid = "token-3"; // the server has revoked token-2
  assert.deepEqual([await send(), await send()], ["failed", "accepted"]);
});

Deno.test("ClientCredentials reports an authorization server that gives no token", async () => {
  await using authorization = startAuthorization(300);
  await using server = new FhirServer();
  const options = { url: authorization.url, clientId: "a", clientSecret: "b" };
  const token = new ClientCredentials({ ...options, clock: new ManualClock() });
  for (
    const response of [
      Response.json({ error: "invalid_client" }, { status: 401 }),
      Response.json({ access_token: "two\nlines" }),
      new Response("no JSON"),
    ]
  ) {
    authorization.refuse(response);
    const reason = `no access token (HTTP ${response.status})`;
    assert.deepEqual(await post({ url: server.url, token }), { state: "failed", reason });
  }
  assert.deepEqual(server.requests, []);
});
