import assert from "node:assert/strict";
import { Api } from "../../../../src/web/page/api.ts";

interface Received {
  readonly method: string;
  readonly path: string;
  readonly type: string | null;
  readonly body: string;
}

/** Calls an API below a prefix, and returns the answer and the request. */
async function call<T>(
  use: (api: Api) => Promise<T>,
  { status = 200, text = "{}" }: { readonly status?: number; readonly text?: string } = {},
): Promise<{ readonly answer: T; readonly request: Received }> {
  const requests: Received[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push({
        method: request.method,
        path: pathname + search,
        type: request.headers.get("content-type"),
        body: await request.text(),
      });
      return new Response(text, { status });
    },
  );
  const answer = await use(new Api(`http://127.0.0.1:${server.addr.port}/ward/`));
  return { answer, request: requests[0]! };
}

Deno.test("Api.url() keeps the prefix of the page, and encodes the query", () => {
  const api = new Api("https://a.example/ward/page.html");
  assert.equal(api.url("v1/page").href, "https://a.example/ward/v1/page");
  assert.equal(api.url("v1/x", { device: "a b&c" }).search, "?device=a+b%26c");
});

Deno.test("Api.streamUrl is a WebSocket with TLS if the page has it", () => {
  assert.equal(new Api("https://a.example/").streamUrl, "wss://a.example/v1/stream");
  assert.equal(new Api("http://a.example/").streamUrl, "ws://a.example/v1/stream");
});

Deno.test("Api reads the page, trends and sessions", async () => {
  const page = await call((api) => api.page(), { text: '{"alarms":true}' });
  assert.deepEqual(page.answer, { state: "ok", value: { alarms: true } });
  assert.deepEqual(page.request, { method: "GET", path: "/ward/v1/page", type: null, body: "" });
  const trend = await call((api) => api.trend("bed-1", { fromUs: 12.6 }));
  assert.equal(trend.request.path, "/ward/v1/trends?device=bed-1&from=13");
  const sessions = await call((api) => api.sessions(), { text: '{"sessions":[{"id":"a"}]}' });
  assert.deepEqual(sessions.answer, { state: "ok", value: [{ id: "a" }] });
  assert.deepEqual((await call((api) => api.sessions())).answer, { state: "ok", value: [] });
});

Deno.test("Api.record() has the outcome of each device, whatever the status", async () => {
  const results = [{ device: "bed-1", recording: true, outcome: "silent" }];
  const one = await call((api) => api.record(["bed-1"], { recording: true, session: "visit-7" }), {
    status: 409,
    text: JSON.stringify({ results }),
  });
  assert.deepEqual(one.answer, { state: "ok", value: results });
  assert.deepEqual(one.request, {
    method: "POST",
    path: "/ward/v1/recording",
    type: "application/json",
    body: '{"device":"bed-1","recording":true,"session_id":"visit-7"}',
  });
  const group = await call((api) => api.record(["bed-1", "bed-2"], { recording: false }));
  assert.equal(group.request.body, '{"devices":["bed-1","bed-2"],"recording":false}');
  assert.deepEqual(group.answer, { state: "failed", status: 400 });
});

Deno.test("Api acknowledges alarms, and dismisses devices", async () => {
  const alarm = await call((api) => api.acknowledge({ device: "bed-1" }));
  assert.deepEqual([alarm.request.method, alarm.request.path, alarm.request.body], [
    "POST",
    "/ward/v1/alarms/acknowledge",
    '{"device":"bed-1"}',
  ]);
  const dismissed = await call((api) => api.dismiss("bed 1"), { text: "" });
  assert.deepEqual([dismissed.request.method, dismissed.request.path], [
    "DELETE",
    "/ward/v1/devices?device=bed+1",
  ]);
  assert.deepEqual(dismissed.answer, { state: "ok", value: {} });
});

Deno.test("Api has the status of a refusal, and none without a response", async () => {
  for (const status of [401, 404, 503]) {
    const { answer } = await call((api) => api.page(), { status, text: '{"error":"no"}' });
    assert.deepEqual(answer, { state: "failed", status });
  }
  assert.deepEqual((await call((api) => api.page(), { text: "{" })).answer, { state: "failed" });
  assert.deepEqual(await new Api("http://127.0.0.1:1/").page(), { state: "failed" });
});
