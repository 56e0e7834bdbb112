/** Reads the sockets that processes have open, as the kernel lists them (proc_net(5)). */

const ESTABLISHED = "01";
const SYN_SENT = "02";
const LISTEN = "0A";

/** Returns the inodes of the sockets of a process. */
function inodesOf(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // ended meanwhile
  }
}

function* rowsOf(protocol: string): Generator<string[]> {
  const [, ...lines] = Deno.readTextFileSync(`/proc/net/${protocol}`).trim().split("\n");
  for (const line of lines) yield line.trim().split(/\s+/);
}

/** Formats an address of /proc/net/tcp: the bytes of each 32-bit word are in reverse order. */
function addressOf(text: string): string {
  const [hex = "", port = ""] = text.split(":");
  const bytes = hex.match(/.{8}/g)!.flatMap((word) => word.match(/../g)!.toReversed());
  const last = bytes.slice(-4).map((byte) => parseInt(byte, 16)).join(".");
  return `${hex.length > 8 ? `[${bytes.slice(0, -4).join("")}]` : ""}${last}:${parseInt(port, 16)}`;
}

/**
 * Returns the sockets of processes through which something can leave them: `listen ADDRESS`,
 * `tcp ADDRESS` with that of the peer, `udp`, `raw`, and `unix PATH`. Connections that clients have
 * made to a listening socket, and pairs of sockets without a name, are not listed.
 */
export function socketsOf(pids: readonly number[]): string[] {
  const owned = new Set(pids.flatMap(inodesOf));
  const listening = new Set<string>();
  const peers: { local: string; remote: string }[] = [];
  const others: string[] = [];
  for (const protocol of ["tcp", "tcp6"]) {
    for (const [, local = "", remote = "", state = "", , , , , , inode = ""] of rowsOf(protocol)) {
      if (!owned.has(inode)) continue;
      if (state === LISTEN) listening.add(addressOf(local));
      else if (state === ESTABLISHED || state === SYN_SENT) {
        peers.push({ local: addressOf(local), remote: addressOf(remote) });
      }
    }
  }
  for (const protocol of ["udp", "udp6", "raw", "raw6"]) {
    for (const columns of rowsOf(protocol)) {
      if (owned.has(columns[9] ?? "")) others.push(`${protocol} ${addressOf(columns[2] ?? "")}`);
    }
  }
  for (const columns of rowsOf("unix")) {
    if (owned.has(columns[6] ?? "") && columns[7]) others.push(`unix ${columns[7]}`);
  }
  const outgoing = peers.filter(({ local }) => !listening.has(local));
  return [
    ...[...listening].map((address) => `listen ${address}`),
    ...outgoing.map(({ remote }) => `tcp ${remote}`),
    ...others,
  ];
}
