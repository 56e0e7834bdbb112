import type { Backend, Delivery, Outgoing } from "../../envelopes/outgoing.ts";
import type { GrpcServer } from "./grpc_server.ts";

/**
 * `--streaming_backend=grpc`: no broker. The gRPC server gets its envelopes from the appliance
 * itself, so that nothing is left to send but the answer whether somebody listens.
 */
export class GrpcBackend implements Backend {
  readonly name = "grpc";
  readonly ready = true;
  readonly #server: Pick<GrpcServer, "streams">;

  constructor(server: Pick<GrpcServer, "streams">) {
    this.#server = server;
  }

  start(): void {}

  onReady(): void {}

  /** Frames do not go over gRPC: nobody receives them. */
  send({ kind }: Outgoing): Promise<Delivery> {
    return Promise.resolve({ receivers: kind === "frame" ? 0 : this.#server.streams });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
