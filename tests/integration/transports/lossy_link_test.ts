import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { canMakeNetworks, NarrowNetwork } from "../../support/narrow_network.ts";
import { overNarrowLink, overSlowLink } from "../../support/slow_link.ts";
import type { StreamingCameraOptions } from "../../support/streaming_camera.ts";

const link: StreamingCameraOptions["link"] = ({ socketPath }) => NarrowNetwork.create(socketPath);

/** Defines a test that creates a network. */
function testOverNetwork(name: string, fn: () => Promise<void>): void {
  const skipped = canMakeNetworks() ? "" : " (skipped: creating a network requires root)";
  Deno.test({ name: name + skipped, ignore: skipped !== "", fn });
}

testOverNetwork(
  "Outbox delivers every metric within 1 s over TCP with packet loss",
  async () => overSlowLink(await cameraJpegs({ quantiser: 2 }), { link }),
);

testOverNetwork(
  "Outbox keeps the newest core metric below 0.5 s at 30 kB/s over TCP with packet loss",
  () => overNarrowLink({ link }),
);
