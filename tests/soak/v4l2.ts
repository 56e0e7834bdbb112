/**
 * Runs the server with a USB webcam on the kernel's driver uvcvideo, in the emulated machine of
 * `scripts/test_camera_vm`, which sets it up. Checks that the memory of each process does not grow,
 * and that no core metric is missing.
 *
 *   deno run -A tests/soak/v4l2.ts --minutes=60 --warm_up=30
 *
 * Exits with status 1 if a check fails.
 */
import { parseArgs } from "node:util";
import { portraitJpegs } from "../support/camera_recording.ts";
import { temporaryFolder } from "../support/folders.ts";
import { clock } from "../support/messages.ts";
import { bootWithProgram } from "../vm/camera_machine.ts";
import { HOST_ADDRESS } from "../vm/machine.ts";
import { Webcam, WEBCAM_LINK, WEBCAM_MODULES, WEBCAM_PROGRAMS, webcamFiles } from "../vm/webcam.ts";
import { MemoryTrend } from "./memory_trend.ts";
import { OUTPUTS } from "./outputs.ts";
import { ReceivedCounts } from "./received_counts.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    warm_up: { type: "string", default: "30" },
  },
});
const warmUp = Number(values.warm_up);
const end = warmUp + Number(values.minutes);
const SAMPLE_S = 20;

/** Prints the name, the process id and the anonymous memory in kB of the server and its children. */
const MEMORY =
  "server=$(cat /tmp/pid); for process in $server $(cat /proc/$server/task/*/children); do " +
  "awk '/^Name:/ {name = $2} /^Pid:/ {pid = $2} /^RssAnon:/ {print name, pid, $2}' " +
  "/proc/$process/status; done";

using folder = temporaryFolder();
const jpegs = await portraitJpegs({ seconds: 20, fps: 30 });
const frames = jpegs.map((bytes) => ({ bytes }));
const recording = { fourcc: "MJPG", width: 640, height: 480, frames };
await using machine = await bootWithProgram(folder.path, {
  modules: WEBCAM_MODULES,
  programs: WEBCAM_PROGRAMS,
  files: webcamFiles([recording]),
});
const webcam = await Webcam.start(machine);
await webcam.execute("plug");
const received = new ReceivedCounts();
await using output = await OUTPUTS["redis"]!((topic, text) => received.add(topic, text));
await machine.check(
  `physiology_server --use_camera --camera_device=${WEBCAM_LINK} ` +
    `--redis_host=${HOST_ADDRESS} --redis_allow_plaintext --redis_operation_timeout_ms=10000 ` +
    `--port=0 ${output.args.join(" ")} >/tmp/server.log 2>&1 & echo $! >/tmp/pid`,
);
const memory = new MemoryTrend();
const startMs = performance.now();
const minutesNow = () => (performance.now() - startMs) / 60_000;
let reportedMinutes = 0;
while (minutesNow() < end) {
  await clock.sleep(SAMPLE_S * 1000);
  const lines = (await machine.check(MEMORY)).trim().split("\n");
  const hours = minutesNow() / 60;
  for (const [, process, kilobytes] of lines.map((line) => /^(.*) (\d+)$/.exec(line)!)) {
    if (minutesNow() > warmUp) memory.add(process!, Number(kilobytes) * 1024, hours);
  }
  if (minutesNow() < reportedMinutes) continue;
  console.log(`minute ${reportedMinutes}: ${received}; anonymous kB: ${lines.join(", ")}`);
  reportedMinutes += 5;
}
console.log(`${received}, ${received.edge} edge metrics`);
const failures = [
  ...memory.report(),
  ...received.missing > 0 ? ["core metrics are missing"] : [],
];
for (const failure of failures) console.error(failure);
Deno.exitCode = failures.length > 0 ? 1 : 0;
