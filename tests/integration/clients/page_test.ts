/** The client packages with the web page of a real server. */
import assert from "node:assert/strict";
import {
  PhysiologyClient,
  RecordingError,
  TOPICS,
  webSocketSource,
} from "../../../clients/typescript/src/mod.ts";
import { freePort } from "../../support/free_port.ts";
import { startProgram } from "../../support/physiology_server.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { PYTHON_CLIENT, succeed } from "../../support/python_client.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const TOKEN = "a token of 16 characters";
/** Starting a server takes seconds on a loaded machine. */
const START = { timeoutMs: 60_000 };
const ENV = { PYTHONPATH: `${PYTHON_CLIENT}src`, PYTHONDONTWRITEBYTECODE: "1" };

function serve(brokerPort: number, httpPort: number) {
  return startProgram([
    "--simulate",
    "--capture_width_px=320",
    "--capture_height_px=240",
    `--redis_port=${brokerPort}`,
    `--http_port=${httpPort}`,
  ], { env: { PHYSIOLOGY_HTTP_TOKEN: TOKEN } });
}

Deno.test("webSocketSource() reads and records through the page of a server that is killed once", async () => {
  await using broker = await startRedis();
  const port = freePort();
  const url = `http://127.0.0.1:${port}/`;
  const client = new PhysiologyClient(
    webSocketSource(url, { topics: TOPICS, token: TOKEN, devices: ["physiology"] }),
    { staleAfterMs: 2000 },
  );
  {
    await using _server = serve(broker.port, port);
    await waitFor("each topic", () => TOPICS.every((topic) => client.latest[topic]), START);
    await waitFor("present metrics", () => !client.latest.isStale);
    const { frame } = client.latest;
    assert.deepEqual([frame?.payload.width, frame?.payload.height], [320, 240]);
    assert.equal(frame?.jpeg.subarray(0, 2).toHex(), "ffd8");
    await client.record({ recording: true, sessionId: "visit" });
    await waitFor("the state", () => client.latest.recording);
    assert.equal(client.latest.recording_state?.payload.session_id, "visit");
    await client.record({ recording: false });
    await waitFor("the state", () => client.latest.recording === false);
  }
  await waitFor("the loss", () => !client.connected);
  await waitFor("the silence", () => client.latest.reason("pulse") === "stale");
  await assert.rejects(
    client.record({ recording: true }),
    (error) => error instanceof RecordingError && error.outcome === "unreachable",
  );
  await using _server = serve(broker.port, port);
  await waitFor("present metrics", () => !client.latest.isStale, START);
  await client.close();
});

const RECORD = `
import sys
from physiology_client import *
with PhysiologyClient(WebSocketSource(sys.argv[1], token=sys.argv[2], topics=TOPICS)) as client:
    while True:
        envelope = client.receive(30)
        assert envelope, "silence"
        if envelope.type == "frame" and not client.latest.is_stale:
            break
    print(envelope.payload.width, envelope.payload.data[:2].hex())
    for recording in (True, False):
        client.record(recording, device=envelope.device, session_id="visit", timeout_s=10)
        print("confirmed", recording)
`;

Deno.test("WebSocketSource and watch read and record through the page of a server", async () => {
  await using broker = await startRedis();
  const port = freePort();
  const url = `http://127.0.0.1:${port}/`;
  await using watch = new Program(
    PYTHON,
    ["-m", "physiology_client", "watch", "--interval=0.1", `--url=${url}`],
    { env: { ...ENV, PHYSIOLOGY_HTTP_TOKEN: TOKEN } },
  );
  await watch.prints("not connected");
  await using server = serve(broker.port, port);
  await watch.prints(/physiology: pulse \d+\.\d beats\/min/, 90_000);
  const output = await succeed(PYTHON, ["-c", RECORD, url, TOKEN], { env: ENV });
  assert.equal(output, "320 ffd8\nconfirmed True\nconfirmed False\n");
  assert.match(server.stderr, /Recording stopped/);
});
