import { RedisLink } from "../../src/transports/redis/redis_link.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { optionsFor } from "../support/redis_outbox.ts";

const CONNECTIONS = 1500;

/**
 * Has Deno fill its store of read buffers: 64 KB stay for some of the connections that end in the
 * middle of a large reply, up to about 280 of them (18 MB), and no more after that. By themselves
 * they would take hours to come together, and look like a leak.
 */
export async function fillReadBuffers(): Promise<void> {
  const answer = new TextEncoder().encode("$20971520\r\n" + "x".repeat(500_000));
  using peer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const options = optionsFor(peer.addr as Deno.NetAddr);
  await using link = new RedisLink("frames", { options, log: silentLog });
  link.start();
  for (let count = 0; count < CONNECTIONS; count++) {
    using connection = await peer.accept();
    await connection.write(answer).catch(() => {}); // it is turned down before its end
    while (await connection.read(new Uint8Array(4096)).catch(() => null) !== null);
    link.reload(options); // connects anew, without a pause
  }
}
