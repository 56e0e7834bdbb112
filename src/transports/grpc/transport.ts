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
} as const satisfies Transport<{
  readonly publish: PublishSettings;
  readonly server: GrpcSettings;
}>;
