/** Blocks of ports, below those that the kernel gives to outgoing connections. */
const FIRST_PORT = 20_000;
const BLOCK_PORTS = 50;
const BLOCKS = 240;

/**
 * The ports of this test module. A port that the kernel gave and took back could be given again, to
 * the next call or to a module beside this one. The first port of a block is held to own it.
 */
const block = claimBlock();
let calls = 0;

/** Returns a port of 127.0.0.1 that is free, and that no test beside this one is given. */
export function freePort(): number {
  for (let attempt = 1; attempt < BLOCK_PORTS; attempt++) {
    const port = block.firstPort + 1 + calls++ % (BLOCK_PORTS - 1);
    const listener = listenAt(port);
    listener?.close();
    if (listener) return port;
  }
  throw new Error(`All ports from ${block.firstPort} to the next block are in use`);
}

function claimBlock(): { readonly firstPort: number; readonly owner: Deno.Listener } {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let at = start; at < start + BLOCKS; at++) {
    const firstPort = FIRST_PORT + BLOCK_PORTS * (at % BLOCKS);
    const owner = listenAt(firstPort);
    if (owner) return { firstPort, owner };
  }
  throw new Error(`All ${BLOCKS} blocks of ports are in use`);
}

/** Listens at a port; undefined if it is in use. */
function listenAt(port: number): Deno.Listener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}
