import type { LinkMeasurement } from "../../delivery/backend.ts";
import type { Client } from "./client.ts";

type Timer = ReturnType<typeof setTimeout>;

/** The state of a link to Redis. Attempts count from 1 since the last usable connection. */
export type LinkState =
  /** Not started yet. */
  | { readonly state: "idle" }
  /**
   * A client is connecting, and more beside it while the peer does not respond. The first that is
   * usable is kept; `timer` ends the attempt if it takes too long.
   */
  | {
    readonly state: "connecting";
    readonly clients: Client[];
    readonly attempt: number;
    readonly timer: Timer;
    readonly parallel: Timer;
  }
  /** Commands can be sent. */
  | { readonly state: "ready"; readonly client: Client; readonly measured: LinkMeasurement }
  /** No connection; `timer` starts the next attempt. */
  | { readonly state: "waiting"; readonly timer: Timer }
  /** Disposed. */
  | { readonly state: "closed" };

/** The clients of a state. */
export function clientsOf(state: LinkState): readonly Client[] {
  if (state.state === "connecting") return state.clients;
  return state.state === "ready" ? [state.client] : [];
}

/** Clears the timers of a state. */
export function clearTimers(state: LinkState): void {
  if ("timer" in state) clearTimeout(state.timer);
  if ("parallel" in state) clearInterval(state.parallel);
}
