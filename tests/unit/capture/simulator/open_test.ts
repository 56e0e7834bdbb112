import assert from "node:assert/strict";
import { epochUs, monotonicUs } from "../../../../src/base/time.ts";
import { UnavailableError, UsageError } from "../../../../src/base/errors.ts";
import { simulateFlags } from "../../../../src/capture/simulator/flags.ts";
import { openSimulation, type SimulationOptions } from "../../../../src/capture/simulator/open.ts";
import { simulateTruth } from "../../../../src/capture/simulator/truth.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { temporaryFolder } from "../../../support/folders.ts";

class FixedClock extends SystemClock {
  override monotonicUs() {
    return monotonicUs(5_000_000);
  }

  override epochUs(time: number) {
    return epochUs(1_700_000_000_000_000 + time);
  }
}

function open(
  options: Partial<SimulationOptions>,
  simulate: Partial<Parameters<typeof openSimulation>[0]["simulate"]> = {},
) {
  const camera = { widthPx: 64, heightPx: 48, maxFps: 10 };
  const settings = {
    scene: "empty",
    pulseBpm: "60",
    breathingBpm: "12",
    noise: 0,
    motion: 0,
    light: 0,
    frameDrop: 0,
    seed: 3,
    ...simulate,
  };
  return openSimulation({ camera, simulate: settings } as Parameters<typeof openSimulation>[0], {
    truthPath: undefined,
    stamped: false,
    realtime: false,
    durationS: 2,
    clock: new FixedClock(),
    ...options,
  });
}

async function count(camera: ReturnType<typeof open>): Promise<number> {
  let frames = 0;
  for await (const event of camera) {
    if (event.kind !== "frame") continue;
    event.frame[Symbol.dispose]();
    frames++;
  }
  return frames;
}

Deno.test("openSimulation() writes the header and a row for each frame to the truth file", async () => {
  using folder = temporaryFolder();
  const truthPath = `${folder.path}/truth.csv`;
  Deno.writeTextFileSync(truthPath, "old\n".repeat(1000));
  await using camera = open({ truthPath });
  assert.match(Deno.readTextFileSync(truthPath), /^t_s,.*,breath_start_s\n$/);
  assert.equal(await count(camera), 20);
  const rows = Deno.readTextFileSync(truthPath).trimEnd().split("\n").slice(1);
  const { bvp } = simulateTruth({ pulse: 60, breathing: 12, seed: 3, durationS: 2, fps: 10 });
  assert.deepEqual(
    rows.map((row) => row.split(",")[2]),
    Array.from(bvp, (value) => value.toFixed(5)),
  );
});

Deno.test("openSimulation() ends each row with the timestamp of its frame if it is stamped", async () => {
  using folder = temporaryFolder();
  const truthPath = `${folder.path}/truth.csv`;
  await using camera = open({ truthPath, stamped: true, durationS: 0.3 });
  await count(camera);
  const lines = Deno.readTextFileSync(truthPath).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => line.split(",").at(-1)), [
    "timestamp",
    "1700000005000000",
    "1700000005100000",
    "1700000005200000",
  ]);
});

Deno.test("openSimulation() passes the settings to the camera", async () => {
  await using camera = open({ realtime: true });
  assert.equal(
    camera.description,
    "simulated camera (empty): 64x48 at 10 fps, pulse 60/min, breathing 12/min",
  );
  assert.equal(camera.realtime, true);
  await using losing = open({}, { frameDrop: 0.9 });
  assert.ok(await count(losing) < 10);
});

Deno.test("openSimulation() refuses schedules whose times do not increase, and an impossible path", () => {
  assert.throws(() => open({}, { pulseBpm: "60,70@20,80@10" }), UsageError);
  assert.throws(() => open({}, { breathingBpm: "12,13@20,14@10" }), UsageError);
  assert.throws(
    () => open({ truthPath: "/nowhere/truth.csv" }),
    (error: unknown) =>
      error instanceof UnavailableError &&
      error.message.startsWith("Cannot write the ground truth to /nowhere/truth.csv: "),
  );
});

for (
  const { flag, accepted, refused } of [
    {
      flag: simulateFlags.rows.pulseBpm,
      accepted: ["0", "9.5", "72", "199", "239.9", "240", "240.0", "60,100@30", "60,240@30.5,0@45"],
      refused: ["240.1", "241", "250", "300", "1000", "-1", "60,100", "60@5", "", "60,250@5", "x"],
    },
    {
      flag: simulateFlags.rows.breathingBpm,
      accepted: ["0", "9", "15", "59.9", "60", "60.00", "15,60@30"],
      refused: ["60.1", "61", "70", "100", "-1", "15,61@3", ""],
    },
  ]
) {
  Deno.test(`--${flag.name} accepts rates up to its limit, and steps`, () => {
    const { regex } = flag.pattern!;
    assert.deepEqual(accepted.filter((text) => !regex.test(text)), []);
    assert.deepEqual(refused.filter((text) => regex.test(text)), []);
  });
}
