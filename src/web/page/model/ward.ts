import type { Alarm, PageInfo, ServerMessage } from "../protocol.ts";
import { Device, type DeviceView } from "./device.ts";
import { foremostAlarm, groupOf, type Ranked, troubleOf } from "./trouble.ts";

/** Whether values reach the page, and what is missing if not. */
export type ConnectionState = "connecting" | "connected" | "no_server" | "no_redis";

/** A device with what the overview needs about it. */
export interface WardDevice extends Ranked, DeviceView {
  readonly alarm?: Alarm;
}

/** Maximum number of devices, more than any server sends. */
const MAX_DEVICES = 1000;

/** State of all devices, from the messages of the server. It knows no document and no clock. */
export class Ward {
  readonly devices = new Map<string, Device>();
  #alarms: readonly Alarm[] = [];
  #alarmsOf = new Map<string, Alarm[]>();
  /** Devices that the server does not send, because there are too many. */
  hidden = 0;
  page: PageInfo = { alarms: false, sessions: false, history: false };
  #isOpen: boolean | undefined;
  #isRedisConnected = false;

  /** All alarms, in the order of the server. */
  get alarms(): readonly Alarm[] {
    return this.#alarms;
  }

  /** `connected` only if both the server and Redis are reachable. */
  get connection(): ConnectionState {
    if (this.#isOpen === undefined) return "connecting";
    if (!this.#isOpen) return "no_server";
    return this.#isRedisConnected ? "connected" : "no_redis";
  }

  /** Takes the state of the connection to the server; Redis is unknown until the server sends it. */
  setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (!isOpen) this.#isRedisConnected = false;
  }

  /** Takes a message; frames and `alive` change nothing. */
  take(message: ServerMessage, nowMs: number): void {
    switch (message.type) {
      case "connection":
        this.#isRedisConnected = message.connected;
        break;
      case "alarms":
        this.#alarms = message.alarms;
        this.#alarmsOf = Map.groupBy(message.alarms, ({ device }) => device);
        break;
      case "gone":
        this.devices.delete(message.device);
        break;
      case "hidden":
        this.hidden = message.count;
        break;
      case "heard":
        // A device that died before its first status has no message that is still sent.
        this.#findOrAdd(message.device)?.setHeard(message.ago_ms, nowMs);
        break;
      case "core_metrics":
      case "edge_metrics":
      case "status":
      case "recording_state":
        this.#findOrAdd(message.device)?.take(message, nowMs);
        break;
    }
  }

  /** Returns the state of all devices at a time. */
  views(nowMs: number): WardDevice[] {
    return [...this.devices.keys()].map((name) => this.viewOf(name, nowMs)!);
  }

  viewOf(name: string, nowMs: number): WardDevice | undefined {
    const device = this.devices.get(name);
    if (!device) return undefined;
    const isConnected = this.connection === "connected";
    const view = device.view(nowMs, { isConnected });
    const alarm = foremostAlarm(this.alarmsOf(name));
    const group = groupOf(name, this.page.groups);
    return { ...view, group, trouble: troubleOf(view, alarm), ...alarm ? { alarm } : {} };
  }

  alarmsOf(name: string): readonly Alarm[] {
    return this.#alarmsOf.get(name) ?? [];
  }

  #findOrAdd(name: string): Device | undefined {
    let device = this.devices.get(name);
    if (!device && this.devices.size < MAX_DEVICES) {
      this.devices.set(name, device = new Device(name));
    }
    return device;
  }
}
