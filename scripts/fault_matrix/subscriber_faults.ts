import type { Fault } from "./fault.ts";

const SUBSCRIBERS = 5;

/** Faults of other subscribers. */
export const SUBSCRIBER_FAULTS: readonly Fault[] = [neverReading()];

function neverReading(): Fault {
  let connections: readonly Deno.TcpConn[] = [];
  return {
    name: "subscribers-never-read",
    cause: `${SUBSCRIBERS} clients subscribe to every channel and never read.`,
    begin: async ({ broker }) => {
      connections = await Promise.all(Array.from({ length: SUBSCRIBERS }, async () => {
        const connection = await Deno.connect({ hostname: broker.hostname, port: broker.port });
        await connection.write(new TextEncoder().encode("PSUBSCRIBE *\r\n"));
        return connection;
      }));
    },
    end: () => {
      for (const connection of connections) connection.close();
    },
  };
}
