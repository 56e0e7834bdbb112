import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { Feed } from "./feed.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "./gen/health_pb.ts";

/** The standard health service: the server as a whole (""), and each of its services by name. */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  readonly #feed = new Feed<Status>({ capacity: 4 });

  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
    this.#feed.publish(Status.SERVING);
  }

  setServing(serving: boolean): void {
    const status = serving ? Status.SERVING : Status.NOT_SERVING;
    if (status !== this.#feed.newest) this.#feed.publish(status);
  }

  register(router: ConnectRouter): void {
    const feed = this.#feed;
    const knows = (service: string) => this.#services.has(service);
    router.service(Health, {
      check({ service }) {
        if (!knows(service)) throw new ConnectError("No such service", Code.NotFound);
        return { status: feed.newest ?? Status.UNKNOWN };
      },
      async *watch({ service }, { signal }) {
        if (!knows(service)) yield { status: Status.SERVICE_UNKNOWN };
        // A service that is unknown may be known to a later version: the call stays open.
        for await (const status of feed.listen(signal)) if (knows(service)) yield { status };
      },
    });
  }
}
