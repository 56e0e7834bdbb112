/** A hook for React 18 or newer. */
import type { PhysiologyClient } from "physiology-client";
import { useEffect, useState } from "react";

/** What a component shows of a device. */
export interface Vitals {
  /** In beats/min; undefined while it is withheld or stale. */
  readonly pulse: number | undefined;
  /** In breaths/min; undefined while it is withheld or stale. */
  readonly breathing: number | undefined;
  /** Why the pulse is undefined: "stale" or a reason of the server. */
  readonly reason: string | undefined;
}

/** Interval at which a silence of the device is noticed, in milliseconds. */
const CHECK_MS = 1000;

/**
 * Returns the present vital signs of a device.
 *
 * @param client One for the whole page, not created during a render.
 *
 * @example
 * ```tsx ignore
 * const client = new PhysiologyClient(webSocketSource("/"));
 * const Pulse = () => {
 *   const { pulse, reason } = useVitals(client, "bed-1");
 *   return <b>{pulse?.toFixed() ?? reason}</b>;
 * };
 * ```
 */
export function useVitals(client: PhysiologyClient, device: string): Vitals {
  const [vitals, setVitals] = useState(() => vitalsOf(client, device));
  useEffect(() => {
    const update = () => setVitals(vitalsOf(client, device));
    const end = client.on("core_metrics", (event) => {
      if (event.device === device) update();
    });
    const timer = setInterval(update, CHECK_MS);
    update();
    return () => {
      end();
      clearInterval(timer);
    };
  }, [client, device]);
  return vitals;
}

function vitalsOf(client: PhysiologyClient, device: string): Vitals {
  const state = client.devices.get(device);
  return {
    pulse: state?.pulse?.value,
    breathing: state?.breathing?.value,
    reason: state ? state.reason("pulse") : "stale",
  };
}
