import { int, optionalPath, secret, text, topic, type ValuesOf } from "../../config/flag.ts";
import type { Rule } from "../../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../../config/permissions.ts";
import { NO_SECRET } from "../../config/secret.ts";
import { isLoopback } from "../../base/loopback.ts";

/** The default port, and the last one that a server without `--port` tries if others are in use. */
export const GRPC_PORTS = { first: 50051, last: 50060 } as const;

/** The gRPC server, which runs beside any transport; part of `settings.server`. */
export const grpcFlags = topic("Control", ["serve"], {
  grpcPort: int(
    "port",
    "Port of the gRPC server; 0: no gRPC server. Without this flag, the next free port up to " +
      `${GRPC_PORTS.last} is used if the default is in use.`,
    { default: GRPC_PORTS.first, range: [0, 65535] },
  ),
  grpcAddress: text(
    "grpc_address",
    "Address that the gRPC server listens on; beyond loopback, TLS and a token are required.",
    {
      default: "127.0.0.1",
      placeholder: "ADDRESS",
    },
  ),
  grpcTlsCertPath: optionalPath(
    "grpc_tls_cert_path",
    "PEM file with the certificate of the gRPC server.",
  ),
  grpcTlsKeyPath: optionalPath(
    "grpc_tls_key_path",
    "PEM file with the private key of the gRPC server.",
  ),
  grpcToken: secret(
    "grpc_token",
    "Bearer token that gRPC clients must send; prefer --grpc_token_file.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "grpc_token_file", credential: "grpc_token" },
    },
  ),
  grpcTokenFile: optionalPath("grpc_token_file", "File that contains the bearer token for gRPC."),
});

export type GrpcSettings = ValuesOf<typeof grpcFlags>;

interface WithGrpc {
  readonly server: GrpcSettings;
}

export const grpcRules: readonly Rule<WithGrpc>[] = [
  ({ server }) =>
    Boolean(server.grpcTlsCertPath) !== Boolean(server.grpcTlsKeyPath)
      ? "Cannot use one of grpc_tls_cert_path and grpc_tls_key_path alone: give both"
      : undefined,
  ({ server }) =>
    !isLoopback(server.grpcAddress) && (!server.grpcTlsCertPath || server.grpcToken.isEmpty)
      ? `Cannot listen for gRPC on ${server.grpcAddress} without TLS and a token: ` +
        "add --grpc_tls_cert_path, --grpc_tls_key_path and --grpc_token_file"
      : undefined,
];

export const grpcPermissions: PermissionsOf<WithGrpc> = ({ server }) => ({
  read: definedPaths(server.grpcTlsCertPath, server.grpcTlsKeyPath),
  net: portsOf(server).map((port) => hostAndPort(server.grpcAddress, port)),
});

/** The ports on which the server may listen. */
function portsOf({ grpcPort }: GrpcSettings): readonly number[] {
  const { first, last } = GRPC_PORTS;
  if (grpcPort === 0) return [];
  if (grpcPort !== first) return [grpcPort];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
