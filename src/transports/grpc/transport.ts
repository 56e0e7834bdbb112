import type { PublishSettings } from "../../delivery/flags.ts";
import type { Transport } from "../transport.ts";
import type { GrpcSettings } from "./flags.ts";

/** Publishing by the gRPC server alone. Its flags are in `settings.server`: it always runs. */
export const grpcTransport = {
  name: "grpc",
  topics: {},
  rules: [
    ({ publish, server }) =>
      publish.backend === "grpc" && server.grpcPort === 0
        ? "Cannot use --streaming_backend=grpc with --port=0: give a port"
        : undefined,
  ],
  permissions: () => ({}),
  async open(_settings, { grpc }) {
    // The rules refuse this combination.
    if (!grpc) throw new RangeError("Cannot publish by gRPC: the server is not running");
    const { GrpcBackend } = await import("./grpc_backend.ts");
    return { backend: new GrpcBackend(grpc), receivers: [] };
  },
} as const satisfies Transport<{
  readonly publish: PublishSettings;
  readonly server: GrpcSettings;
}>;
