import type { Socket } from "node:net";

interface Connection {
  readonly group: string;
  /** The socket, and with TLS the one on top of it. */
  readonly sockets: Set<Socket>;
  /** Closes the connection if it stays idle; undefined while a request is in progress. */
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

export interface ConnectionsOptions {
  /** Time after which a connection without a request is closed, in milliseconds. */
  readonly idleMs: number;
  /** Maximum number of connections from one address, or from one network of 64 bits in IPv6. */
  readonly maxPerAddress: number;
}

/**
 * The open connections of a server. One that is idle is closed after a time. An address that has its
 * maximum loses the one that is idle for the longest time, or gets no further one if none is.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  /** By address and port of the peer, in the order in which they became idle. */
  readonly #all = new Map<string, Connection>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Number of open connections. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds a socket: a new connection, or the TLS on top of a known one. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    const known = this.#all.get(key);
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#remove(key, socket));
    if (known) return void known.sockets.add(socket);
    const group = groupOf(socket.remoteAddress ?? "");
    if (!this.#hasRoom(group)) return void socket.destroy();
    this.#all.set(key, { group, sockets: new Set([socket]), idleTimer: undefined });
    this.idle(socket);
  }

  /** Marks the connection as in use by a request. */
  busy(socket: Socket): void {
    const connection = this.#all.get(keyOf(socket));
    if (!connection) return;
    clearTimeout(connection.idleTimer);
    connection.idleTimer = undefined;
  }

  /** Marks the connection as idle. */
  idle(socket: Socket): void {
    const key = keyOf(socket);
    const connection = this.#all.get(key);
    if (!connection) return;
    clearTimeout(connection.idleTimer);
    connection.idleTimer = setTimeout(() => destroy(connection), this.#options.idleMs);
    this.#all.delete(key);
    this.#all.set(key, connection);
  }

  /** Closes the idle connections. */
  closeIdle(): void {
    for (const connection of [...this.#all.values()]) {
      if (connection.idleTimer !== undefined) destroy(connection);
    }
  }

  /** Closes all connections. */
  closeAll(): void {
    for (const connection of [...this.#all.values()]) destroy(connection);
  }

  #hasRoom(group: string): boolean {
    const own = [...this.#all.values()].filter((connection) => connection.group === group);
    if (own.length < this.#options.maxPerAddress) return true;
    const idle = own.find(({ idleTimer }) => idleTimer !== undefined);
    if (idle) destroy(idle);
    return idle !== undefined;
  }

  #remove(key: string, socket: Socket): void {
    const connection = this.#all.get(key);
    if (!connection?.sockets.has(socket)) return;
    this.#all.delete(key);
    destroy(connection);
  }
}

function destroy(connection: Connection): void {
  clearTimeout(connection.idleTimer);
  connection.idleTimer = undefined;
  for (const socket of connection.sockets) socket.destroy();
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** All addresses that one machine can easily have: its network in IPv6, and all of loopback. */
function groupOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (plain.startsWith("127.") || plain === "::1") return "loopback";
  if (!plain.includes(":")) return plain;
  const [head = "", tail = ""] = plain.split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === "" ? [] : tail.split(":");
  const filled = [
    ...groups,
    ...Array(Math.max(0, 8 - groups.length - rest.length)).fill("0"),
    ...rest,
  ];
  return filled.slice(0, 4).join(":");
}
