import { RedisLink } from "../../src/transports/redis/redis_link.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { optionsFor } from "../support/redis_outbox.ts";

const CONNECTIONS = 1500;

/**
 * Makes Deno fill its pool of read buffers. Connections that end in the middle of a large reply
 * leave 64 KB each, up to about 280 buffers (18 MB, measured). Without this the pool fills within
 * hours, which looks like a leak.
 */
export async function fillReadBuffers(): Promise<void> {
  const reply = new TextEncoder().encode("$20971520\r\n" + "x".repeat(500_000));
  using peer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const options = optionsFor(peer.addr as Deno.NetAddr);
  await using link = new RedisLink("frames", { options, log: silentLog });
  link.start();
  for (let count = 0; count < CONNECTIONS; count++) {
    using connection = await peer.accept();
    await connection.write(reply).catch(() => {}); // the link closes before the end
    while (await connection.read(new Uint8Array(4096)).catch(() => null) !== null);
    link.reload(options); // reconnects at once
  }
}
