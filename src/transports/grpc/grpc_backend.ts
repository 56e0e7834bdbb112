import type { Backend, Delivery } from "../../delivery/backend.ts";
import type { Outgoing } from "../../envelopes/message.ts";
import type { GrpcServer } from "./grpc_server.ts";

/**
 * Backend for `--streaming_backend=grpc`, without a broker. The gRPC server gets its envelopes from
 * the appliance directly, so that this backend only reports the number of receivers.
 */
export class GrpcBackend implements Backend {
  readonly name = "grpc";
  readonly destination = "grpc";
  readonly ready = true;
  readonly #server: Pick<GrpcServer, "streams">;

  constructor(server: Pick<GrpcServer, "streams">) {
    this.#server = server;
  }

  start(): void {}

  onReady(): void {}

  /** Reports the number of open streams; 0 for frames, which gRPC does not carry. */
  send({ kind }: Outgoing): Promise<Delivery> {
    return Promise.resolve({ receivers: kind === "frame" ? 0 : this.#server.streams });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
