import { Vision } from "../vision/vision.ts";
import { RateNetwork } from "../vitals/pulse/rate_network/rate_network.ts";
import { selectedOutlets, selectedSources, selectedTransport, type Settings } from "./flags.ts";
import { readAlarmRules } from "../web/alarm_monitor.ts";
import { readHttpTls } from "../web/flags.ts";
import { grpcTls } from "./grpc.ts";

/**
 * Checks the input, the models and the files that the settings name as the server does at its start,
 * without opening a device, a port or a connection.
 *
 * @throws {ExitError} with the words of the server
 */
export async function checkSettings(settings: Settings): Promise<void> {
  for (const source of selectedSources(settings)) await source.check?.(settings);
  const { pulseModelPath } = settings.vitals;
  await using _vision = await Vision.open(
    pulseModelPath === undefined ? {} : { pulseModelPath },
  );
  using _rateNetwork = await RateNetwork.open();
  grpcTls(settings.server);
  if (settings.server.httpPort > 0) readHttpTls(settings.http);
  readAlarmRules(settings.alarms);
  await selectedTransport(settings).check?.(settings);
  for (const outlet of selectedOutlets(settings)) await outlet.check(settings);
}
