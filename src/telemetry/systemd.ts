import { reasonOf } from "../base/errors.ts";
import type { Log } from "./log.ts";

export interface SystemdOptions {
  readonly log: Log;
  /** Environment variables. @default those of the process */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Process ID. @default that of the process */
  readonly pid?: number;
}

const encoder = new TextEncoder();

/**
 * Client of the service manager's notification protocol (sd_notify(3)): sends datagrams to the
 * socket that NOTIFY_SOCKET names. Without that variable every call is a no-op.
 *
 * @example
 * ```ts
 * await using systemd = new Systemd({ log });
 * systemd.ready("Measuring");
 * systemd.startWatchdog(() => appliance.stallReason);
 * systemd.stopping();
 * ```
 */
export class Systemd implements AsyncDisposable {
  readonly #log: Log;
  readonly #address: Deno.UnixAddr | undefined;
  readonly #socket: Deno.DatagramConn | undefined;
  readonly #ownPath: string;
  /** Half of the watchdog timeout (sd_watchdog_enabled(3)), in milliseconds; undefined without one. */
  readonly watchdogMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #status = "";
  /** Resolves when the last datagram was sent; datagrams are sent in the order of the calls. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor({ log, env = Deno.env.toObject(), pid = Deno.pid }: SystemdOptions) {
    this.#log = log;
    this.watchdogMs = watchdogOf(env, pid);
    const path = env["NOTIFY_SOCKET"];
    // The packed program has permission to bind only this path. With an empty path the kernel
    // chooses an abstract name.
    this.#ownPath = env["PHYSIOLOGY_NOTIFY"] ?? "";
    if (!path) return;
    // systemd writes the zero byte of an abstract socket name as an at sign.
    this.#address = { transport: "unixpacket", path: path.replace(/^@/, "\0") };
    try {
      removeQuietly(this.#ownPath);
      this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: this.#ownPath });
    } catch (cause) {
      log.warning(`Cannot open a socket to notify systemd: ${reasonOf(cause)}`);
    }
  }

  /** True if systemd receives the notifications. */
  get isListening(): boolean {
    return this.#socket !== undefined;
  }

  /** Reports that the start, or a reload, is complete. */
  ready(status: string): void {
    this.#status = status;
    this.#send(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  /** Sets the text that `systemctl status` shows; sent only if it changed. */
  status(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    this.#send(`STATUS=${oneLine(text)}`);
  }

  /** Reports the begin of a reload; `ready` ends it. */
  reloading(): void {
    this.#send("RELOADING=1");
  }

  /** Reports the begin of the shutdown and stops the watchdog. */
  stopping(): void {
    this.#stopWatchdog();
    this.#send("STOPPING=1\nSTATUS=Stopping");
  }

  /**
   * Sends keep-alives to the watchdog while the service makes progress. A timer alone would keep
   * a service alive that has stopped measuring.
   *
   * @param detectStall returns why the service makes no progress, or undefined while it does
   */
  startWatchdog(detectStall: () => string | undefined): void {
    this.#stopWatchdog();
    if (this.watchdogMs === undefined || !this.isListening) return;
    this.#timer = setInterval(() => {
      const reason = detectStall();
      if (reason === undefined) return this.#send("WATCHDOG=1");
      this.#log.rateLimited("watchdog", 10, "error", `Not feeding the watchdog: ${reason}`);
      this.status(reason);
    }, this.watchdogMs);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWatchdog();
    await this.#sending;
    this.#socket?.close();
    if (this.#socket) removeQuietly(this.#ownPath);
  }

  #stopWatchdog(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #send(message: string): void {
    const socket = this.#socket;
    const address = this.#address;
    if (!socket || !address) return;
    this.#sending = this.#sending.then(() => socket.send(encoder.encode(message), address)).catch(
      (cause) =>
        this.#log.rateLimited(
          "systemd",
          60,
          "warning",
          `Cannot notify systemd: ${reasonOf(cause)}`,
        ),
    );
  }
}

/** Reads the watchdog interval from the environment variables of sd_watchdog_enabled(3). */
function watchdogOf(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const microseconds = Number(env["WATCHDOG_USEC"]);
  const watchdogPid = env["WATCHDOG_PID"];
  if (!(microseconds > 0) || (watchdogPid !== undefined && Number(watchdogPid) !== pid)) {
    return undefined;
  }
  return Math.max(1, Math.floor(microseconds / 2000));
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}

function removeQuietly(path: string): void {
  if (!path) return;
  try {
    Deno.removeSync(path);
  } catch {
    // It did not exist.
  }
}
