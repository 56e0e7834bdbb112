import type { Log } from "./log.ts";

/** What systemd gives to a service; replaceable in tests. */
export interface NotifyOptions {
  readonly log: Log;
  /** @default the process's own */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @default the process's own */
  readonly pid?: number;
}

const encoder = new TextEncoder();

/**
 * Tells systemd how the service is doing, by the protocol of sd_notify(3): datagrams to the
 * socket that NOTIFY_SOCKET names. Without that variable every call does nothing.
 *
 * @example
 * ```ts
 * await using systemd = new Systemd({ log });
 * systemd.ready("Measuring");
 * systemd.watch(() => appliance.stalled);
 * systemd.stopping();
 * ```
 */
export class Systemd implements AsyncDisposable {
  readonly #log: Log;
  readonly #to: Deno.UnixAddr | undefined;
  readonly #socket: Deno.DatagramConn | undefined;
  readonly #ownPath: string;
  /** Half of what systemd waits before it kills us, in milliseconds; undefined: it does not wait. */
  readonly watchdogMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #status = "";
  /** One datagram after the other, in the order of the calls. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor({ log, env = Deno.env.toObject(), pid = Deno.pid }: NotifyOptions) {
    this.#log = log;
    this.watchdogMs = watchdogOf(env, pid);
    const path = env["NOTIFY_SOCKET"];
    // The packed program may bind only where its launcher says; an empty path lets the kernel
    // choose a name.
    this.#ownPath = env["PHYSIOLOGY_NOTIFY"] ?? "";
    if (!path) return;
    // An at sign stands for the zero byte of a name that is in no file system.
    this.#to = { transport: "unixpacket", path: path.replace(/^@/, "\0") };
    try {
      removeQuietly(this.#ownPath);
      this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: this.#ownPath });
    } catch (cause) {
      log.warning(`Cannot tell systemd how we are: ${reasonOf(cause)}`);
    }
  }

  /** True where systemd listens. */
  get isListening(): boolean {
    return this.#socket !== undefined;
  }

  /** The start is complete: units that come after us may start. */
  ready(status: string): void {
    this.#status = status;
    this.#send(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  /** What `systemctl status` shows. Sent only where it changed. */
  status(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    this.#send(`STATUS=${oneLine(text)}`);
  }

  /** A reload begins; `ready` ends it. */
  reloading(): void {
    this.#send("RELOADING=1");
  }

  stopping(): void {
    this.#stopWatching();
    this.#send("STOPPING=1\nSTATUS=Stopping");
  }

  /**
   * Feeds the watchdog for as long as `stalled` finds nothing: a timer alone would call a program
   * healthy that has long stopped measuring.
   *
   * @param stalled why the service makes no progress; undefined while it does.
   */
  watch(stalled: () => string | undefined): void {
    this.#stopWatching();
    if (this.watchdogMs === undefined || !this.isListening) return;
    this.#timer = setInterval(() => {
      const reason = stalled();
      if (reason === undefined) return this.#send("WATCHDOG=1");
      this.#log.limited("watchdog", 10, "error", `Not feeding the watchdog: ${reason}`);
      this.status(reason);
    }, this.watchdogMs);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWatching();
    await this.#sending;
    this.#socket?.close();
    if (this.#socket) removeQuietly(this.#ownPath);
  }

  #stopWatching(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #send(message: string): void {
    const socket = this.#socket;
    const to = this.#to;
    if (!socket || !to) return;
    this.#sending = this.#sending.then(() => socket.send(encoder.encode(message), to)).catch(
      (cause) =>
        this.#log.limited("systemd", 60, "warning", `Cannot tell systemd: ${reasonOf(cause)}`),
    );
  }
}

function watchdogOf(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const microseconds = Number(env["WATCHDOG_USEC"]);
  const meant = env["WATCHDOG_PID"];
  if (!(microseconds > 0) || (meant !== undefined && Number(meant) !== pid)) return undefined;
  return Math.max(1, Math.floor(microseconds / 2000));
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function removeQuietly(path: string): void {
  if (!path) return;
  try {
    Deno.removeSync(path);
  } catch {
    // It was not there.
  }
}
