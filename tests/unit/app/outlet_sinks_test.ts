import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { openOutlets } from "../../../src/app/outlet_sinks.ts";
import { CommandHandler } from "../../../src/control/commands.ts";
import { Recording } from "../../../src/control/recording.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { clock } from "../../support/messages.ts";

function open(...argv: string[]) {
  const { settings } = load(["--simulate", ...argv], { env: {}, readText: () => "" });
  const [counters, log] = [new Counters(), silentLog];
  const commands = new CommandHandler({ recording: new Recording(), counters, log });
  return openOutlets(settings, { clock, counters, log, commands });
}

Deno.test("openOutlets() opens those that the settings enable, which report no problem", async () => {
  await using none = await open();
  assert.deepEqual(none.sinks, []);
  await using outlets = await open("--mqtt_url=mqtt://localhost:1");
  assert.equal(outlets.sinks.length, 1);
  const [sink] = outlets.sinks;
  assert.deepEqual([sink!.problem, sink!.framesWanted, sink!.frameDegradation], [
    undefined,
    false,
    undefined,
  ]);
});

Deno.test("openOutlets() rejects a file that cannot be used", async () => {
  await assert.rejects(
    () => open("--mqtt_url=mqtts://localhost", "--mqtt_tls_ca_path=/none"),
    /Cannot read the TLS file \/none/,
  );
});
