import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "./gen/health_pb.ts";
import { SubscriptionHub } from "./subscription_hub.ts";

/** The standard health service, for the whole server ("") and for each of its services by name. */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  readonly #status = new SubscriptionHub<Status>({ capacity: 4 });

  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
    this.#status.publish(Status.SERVING);
  }

  /** Sets the status of all services. */
  setServing(serving: boolean): void {
    const status = serving ? Status.SERVING : Status.NOT_SERVING;
    if (status !== this.#status.latest) this.#status.publish(status);
  }

  /** Adds the service to a router. */
  register(router: ConnectRouter): void {
    const hub = this.#status;
    const isKnown = (service: string) => this.#services.has(service);
    router.service(Health, {
      check({ service }) {
        if (!isKnown(service)) throw new ConnectError("Unknown service", Code.NotFound);
        return { status: hub.latest ?? Status.UNKNOWN };
      },
      async *watch({ service }, { signal }) {
        if (!isKnown(service)) yield { status: Status.SERVICE_UNKNOWN };
        // The protocol requires the call to stay open for an unknown service.
        for await (const status of hub.subscribe(signal)) if (isKnown(service)) yield { status };
      },
    });
  }
}
