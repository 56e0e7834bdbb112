import assert from "node:assert/strict";
import { fileTransport } from "../../../../src/transports/file/transport.ts";
import { load } from "../../../../src/app/flags.ts";
import { CommandHandler } from "../../../../src/control/commands.ts";
import { Recording } from "../../../../src/control/recording.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { cameraJpegs } from "../../../support/camera_jpegs.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { clock, frame } from "../../../support/messages.ts";
import { waitFor } from "../../../support/wait.ts";

/** Opens the transport in a folder, writes a frame and a command, and returns what came of them. */
async function filesWith(...argv: string[]) {
  using folder = temporaryFolder();
  const flags = ["--simulate", `--file_base_directory=${folder.path}`, ...argv];
  const { settings } = load(flags, { env: {}, readText: () => "{}" });
  const counters = new Counters();
  const recording = new Recording();
  const commands = new CommandHandler({ recording, counters, log: silentLog });
  const context = { clock, counters, log: silentLog, commands, grpc: undefined };
  const { backend, receivers } = await fileTransport.open(settings, context);
  await using _backend = backend;
  await using stack = new AsyncDisposableStack();
  for (const receiver of receivers) stack.use(receiver);
  backend.start();
  await waitFor("the folder", () => backend.ready, { pollMs: 1 });
  const outgoing = frame(1);
  const [jpeg] = await cameraJpegs({ count: 1, size: "64x48" });
  await backend.send({ ...outgoing, image: { ...outgoing.image, jpeg: jpeg! } });
  return [...Deno.readDirSync(folder.path)].map(({ name }) => name)
    .filter((name) => name.startsWith("latest"));
}

Deno.test("fileTransport writes JPEGs, or pixmaps of the same name if frames are not compressed", async () => {
  assert.deepEqual(await filesWith(), ["latest.jpg"]);
  assert.deepEqual(await filesWith("--nofile_compress_frames"), ["latest.ppm"]);
  assert.deepEqual(
    await filesWith("--nofile_compress_frames", "--file_frame_extension=pnm"),
    ["latest.pnm"],
  );
});
