import assert from "node:assert/strict";
import { temporaryFolder } from "../support/folders.ts";
import { ProgramUnderTest } from "../support/physiology_server.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

/** Yields the bytes of every file below a folder, as Latin-1 text. */
function* textsUnder(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* textsUnder(path);
    else yield new TextDecoder("latin1").decode(Deno.readFileSync(path));
  }
}

Deno.test("serve with --spool_key_file writes no value and no session id to the disk in an outage, and publishes all after it", async () => {
  using folder = temporaryFolder();
  const port = freePort();
  const spool = `${folder.path}/spool`;
  const keyFile = `${folder.path}/key`;
  Deno.writeTextFileSync(keyFile, "k".repeat(44));
  const flags = [
    ...["--simulate", "--start_with_recording_on", `--redis_port=${port}`],
    ...["--redis_host=127.0.0.1", `--spool_path=${spool}`],
  ];
  const segments = () => [...textsUnder(spool)].filter((text) => text.length > 100);
  {
    await using server = new ProgramUnderTest([...flags, `--spool_key_file=${keyFile}`]);
    await waitFor("metrics in the spool", () => {
      try {
        return segments().join("").length > 50_000;
      } catch {
        return false;
      }
    }, { timeoutMs: 60_000 });
    server.kill("SIGTERM");
    assert.equal((await server.ended).code, 0, server.stderr);
  }
  const disk = segments().join("\n");
  assert.doesNotMatch(disk, /core_metrics|"pulse"|breathing|session_id|confidence|"value"|payload/);
  {
    await using server = new ProgramUnderTest(flags);
    await waitFor(
      "the warning",
      () =>
        /The spool is encrypted, and is kept unpublished: set --spool_key_file/.test(server.stderr),
    );
  }
  await using redis = await startRedis({ port });
  const received: string[] = [];
  const client = redis.client();
  await client.subscribe("physiology:core_metrics");
  client.on("message", (_channel, text) => received.push(text));
  await using _server = new ProgramUnderTest([...flags, `--spool_key_file=${keyFile}`]);
  await waitFor(
    "the spooled metrics",
    () => received.some((text) => text.includes('"replayed":true')),
    { timeoutMs: 60_000 },
  );
});
