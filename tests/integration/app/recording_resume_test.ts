import assert from "node:assert/strict";
import { startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { temporaryFolder } from "../../support/folders.ts";

Deno.test("server resumes a recording with its session id after SIGKILL, and ends it on SIGTERM", async () => {
  using folder = temporaryFolder();
  await using broker = await startRedis();
  const flags = ["--simulate", `--redis_port=${broker.port}`, `--state_path=${folder.path}`];
  const start = async () => {
    const subscriber = await Subscriber.of(broker);
    return { subscriber, server: startProgram(flags) };
  };
  {
    const { subscriber, server } = await start();
    await using _ = server;
    await subscriber.first("recording_state", ({ payload }) => !payload.recording);
    await broker.client().lpush(
      "physiology:command_queue",
      '{"recording": true, "session_id": "visit-7"}',
    );
    await subscriber.first("recording_state", ({ payload }) => payload.recording);
    server.kill("SIGKILL");
    await server.ended;
  }
  {
    const { subscriber, server } = await start();
    await using _ = server;
    const { payload: { recording, session_id, resumed } } = await subscriber.first(
      "recording_state",
    );
    assert.deepEqual({ recording, session_id, resumed }, {
      recording: true,
      session_id: "visit-7",
      resumed: true,
    });
    // A subscriber that joins later receives the session with the next status.
    const late = await Subscriber.of(broker);
    const status = await late.first("status", ({ payload }) => payload.recording);
    assert.equal(status.payload.session_id, "visit-7");
    assert.match(server.stderr, /Resuming the recording/);
    server.kill("SIGTERM");
    assert.equal((await server.ended).code, 0);
    const [ended, stopping] = [
      await subscriber.first("recording_state", ({ payload }) => !payload.recording),
      await subscriber.first("status", ({ payload }) => payload.name === "STOPPING"),
    ];
    assert.ok(ended.timestamp <= stopping.timestamp);
    assert.equal(stopping.payload.recording, false);
  }
  const { subscriber, server } = await start();
  await using _ = server;
  assert.equal((await subscriber.first("recording_state")).payload.recording, false);
});

Deno.test("server publishes the end of a session before another replaces it, and logs its connection", async () => {
  await using broker = await startRedis();
  await using server = startProgram(["--simulate", `--redis_port=${broker.port}`]);
  const subscriber = await Subscriber.of(broker);
  const client = broker.client();
  for (const session of ["a", "b"]) {
    const command = JSON.stringify({ recording: true, session_id: session });
    await client.lpush("physiology:command_queue", command);
    await subscriber.first("recording_state", ({ payload }) => payload.session_id === session);
  }
  const states = subscriber.all("recording_state")
    .map(({ payload: { recording, session_id } }) => recording ? session_id : "off");
  // The state is repeated to subscribers that join.
  const changes = states.filter((state, index) => state !== states[index - 1]);
  assert.deepEqual(changes.slice(changes.indexOf("a")), ["a", "off", "b"]);
  assert.match(server.stderr, /info Connected to Redis at localhost:\d+/);
});
