import assert from "node:assert/strict";
import type { RecordingCommand } from "../../../../src/control/recording.ts";
import { Hub } from "../../../../src/web/hub.ts";
import type { CommandOutcome, RecordingControl } from "../../../../src/web/recording_control.ts";
import { recordingRoutes } from "../../../../src/web/routes/recording.ts";
import { fakeStatus } from "../../../support/fake_stream.ts";

/** The routes of a hub with these devices, each of which has its outcome. */
function start(outcomes: Readonly<Record<string, CommandOutcome>>) {
  const hub = new Hub();
  for (const device of Object.keys(outcomes)) {
    hub.publishEnvelope(device, { topic: "status", envelope: fakeStatus(1) });
  }
  const commands: [string, RecordingCommand][] = [];
  const control = {
    command: (device: string, command: RecordingCommand) => {
      commands.push([device, command]);
      return Promise.resolve(outcomes[device]!);
    },
  } as RecordingControl;
  const routes = recordingRoutes(hub, control);
  const post = async (body: unknown) => {
    const request = new Request("http://a/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const target = { query: new URLSearchParams(), rest: "" };
    const response = await routes[0]!.handle(request, target);
    const { results, error } = await response.json();
    return { status: response.status, results, error };
  };
  return { routes, commands, post };
}

Deno.test("recordingRoutes() answer POST at the path of this version and at the old one", () => {
  const { routes } = start({});
  assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`), [
    "POST /v1/recording",
    "POST /api/recording",
  ]);
});

Deno.test("recordingRoutes() have the outcome of each device, and the status of the worst", async () => {
  const outcomes = {
    a: "confirmed",
    b: "silent",
    c: "unconfirmed",
    d: "unreachable",
  } as const;
  const { post } = start(outcomes);
  for (
    const [devices, status, error] of [
      [["a"], 200, undefined],
      [["b", "a"], 409, /is silent/],
      [["a", "c", "b"], 504, /has not confirmed within 3 s/],
      [["d", "c", "b", "a"], 503, /could not be sent/],
    ] as const
  ) {
    const answer = await post({ devices, recording: true, session_id: "visit-7" });
    assert.equal(answer.status, status);
    assert.deepEqual(
      answer.results,
      devices.map((device) => ({ device, recording: true, outcome: outcomes[device] })),
    );
    if (error) assert.match(answer.error, error);
    else assert.equal(answer.error, undefined);
  }
});

Deno.test("recordingRoutes() send one command to each device that is named", async () => {
  const { post, commands } = start({ a: "confirmed", b: "confirmed" });
  await post({ device: "a", recording: false });
  await post({ devices: ["b", "a", "b"], recording: true, session_id: "s" });
  assert.deepEqual(commands.map(([device, { recording }]) => [device, recording]), [
    ["a", false],
    ["b", true],
    ["a", true],
  ]);
});

Deno.test("recordingRoutes() refuse what names no device, no recording or no session", async () => {
  const { post, commands } = start({ a: "confirmed" });
  const names = (count: number) => Array.from({ length: count }, () => "a");
  for (
    const [body, status, error] of [
      ["{", 400, /not a JSON object/],
      [[], 400, /not a JSON object/],
      [{ recording: true }, 400, /must name a device, or up to 256 devices/],
      [{ devices: [], recording: true }, 400, /must name a device/],
      [{ devices: "a", recording: true }, 400, /must name a device/],
      [{ devices: ["a", 5], recording: true }, 400, /must name a device/],
      [{ devices: names(257), recording: true }, 400, /must name a device/],
      [{ device: "a" }, 400, /"recording": true or false/],
      [{ device: "a", recording: true, session_id: "../x" }, 400, /name of the session/],
      [{ devices: ["a", "other"], recording: true }, 404, /device is unknown/],
    ] as const
  ) {
    const answer = await post(body);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 80));
    assert.match(answer.error, error);
  }
  assert.deepEqual(commands, []);
  assert.equal((await post({ devices: names(256), recording: true })).status, 200);
});
