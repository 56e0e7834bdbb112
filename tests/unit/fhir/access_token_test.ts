import assert from "node:assert/strict";
import { ClientCredentials } from "../../../src/fhir/access_token.ts";
import { ManualClock } from "../../support/manual_clock.ts";

/** A token endpoint that numbers its tokens; `answer` replaces its reply. */
function startEndpoint() {
  const requests: { authorization: string | null; body: string }[] = [];
  const endpoint: { answer: () => Response } = {
    answer: () => Response.json({ access_token: `token-${requests.length}`, expires_in: 100 }),
  };
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const authorization = request.headers.get("authorization");
      requests.push({ authorization, body: await request.text() });
      return endpoint.answer();
    },
  );
  const clock = new ManualClock();
  const http = Deno.createHttpClient({});
  const { signal } = new AbortController();
  const token = new ClientCredentials({
    url: `http://127.0.0.1:${server.addr.port}/token`,
    clientId: "bed 7",
    clientSecret: "a:b",
    scope: "system/*.write",
    clock,
  });
  return {
    requests,
    endpoint,
    clock,
    token,
    current: () => token.current(http, signal),
    async [Symbol.asyncDispose]() {
      http.close();
      await server.shutdown();
    },
  };
}

Deno.test("ClientCredentials asks for a token with its id and secret in the encoding of RFC 6749", async () => {
  await using ends = startEndpoint();
  assert.equal(await ends.current(), "token-1");
  assert.deepEqual(ends.requests, [{
    authorization: `Basic ${btoa("bed+7:a%3Ab")}`,
    body: "grant_type=client_credentials&scope=system%2F*.write",
  }]);
});

Deno.test("ClientCredentials uses a token until 30 s before its end, or until it is refused", async () => {
  await using ends = startEndpoint();
  assert.equal(await ends.current(), "token-1");
  await ends.clock.jump(69_999.999);
  assert.equal(await ends.current(), "token-1");
  await ends.clock.jump(0.001);
  assert.equal(await ends.current(), "token-2");
  ends.token.discard();
  assert.equal(await ends.current(), "token-3");
});

Deno.test("ClientCredentials takes a token without a usable lifetime for one of 300 s", async () => {
  for (const lifetime of [{}, { expires_in: 0 }, { expires_in: "soon" }]) {
    await using ends = startEndpoint();
    ends.endpoint.answer = () =>
      Response.json({ access_token: `token-${ends.requests.length}`, ...lifetime });
    await ends.current();
    await ends.clock.jump(269_999.999);
    assert.equal(await ends.current(), "token-1");
    await ends.clock.jump(0.001);
    assert.equal(await ends.current(), "token-2");
  }
});

Deno.test("ClientCredentials refuses an answer without a token that fits into a header", async () => {
  await using ends = startEndpoint();
  const answers = [
    () => Response.json({ access_token: "token" }, { status: 400 }),
    () => Response.json({ access_token: "two words" }),
    () => Response.json({ access_token: "x".repeat(8193) }),
    () => Response.json({}),
    () => new Response("no JSON"),
  ];
  for (const answer of answers) {
    ends.endpoint.answer = answer;
    await assert.rejects(ends.current(), /no access token/);
  }
  ends.endpoint.answer = () => Response.json({ access_token: "x".repeat(8192) });
  assert.equal((await ends.current()).length, 8192);
});
