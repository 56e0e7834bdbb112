import { isLoopback } from "../base/loopback.ts";
import { videoInputOf } from "../capture/ffmpeg/flags.ts";
import { readsNetwork } from "../capture/gstreamer/flags.ts";
import type { ProgramContext } from "../config/permissions.ts";
import type { Settings } from "./flags.ts";
import { permissionsFor } from "./permissions.ts";

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * Returns the IP addresses beyond this machine that a service with these settings exchanges data with.
 * True if they are not known: it connects to a host by its name or to a stream, or accepts clients from
 * the network.
 */
export function peersOf(settings: Settings, program: ProgramContext): true | readonly string[] {
  const { grpcAddress, httpAddress } = settings.server;
  if (![grpcAddress, httpAddress].every(isLoopback)) return true;
  if (videoInputOf(settings.video)?.includes("://")) return true;
  if (settings.lsl.enabled) return true; // liblsl answers any receiver, and sends to multicast groups
  if (readsNetwork(settings.camera)) return true;
  const net = permissionsFor("serve", settings, program)?.net ?? [];
  if (net === true) return true;
  const hosts = net.filter((address) => !address.startsWith("unix:"))
    .map((address) => address.replace(/:\d+$/, "").replaceAll(/[[\]]/g, ""))
    .filter((host) => !isLoopback(host));
  const areAddresses = hosts.every((host) => IPV4.test(host) || host.includes(":"));
  return areAddresses ? [...new Set(hosts)] : true;
}
