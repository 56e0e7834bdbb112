import { ConfigError, reasonOf } from "../base/errors.ts";
import type { Settings } from "./flags.ts";
import { GrpcServer, type GrpcServerOptions } from "../transports/grpc/grpc_server.ts";

/**
 * The gRPC server that the settings ask for, listening; undefined where they ask for none.
 *
 * @throws {ConfigError} for an address or certificate that cannot be used
 * @throws {UnavailableError} where the port is taken
 */
export function openGrpc(
  { server }: Settings,
  parts: Omit<GrpcServerOptions, "address" | "port" | "tls" | "token">,
): GrpcServer | undefined {
  if (server.grpcPort === 0) return undefined;
  const { grpcTlsCertPath: certPath, grpcTlsKeyPath: keyPath } = server;
  const grpc = new GrpcServer({
    ...parts,
    address: server.grpcAddress,
    port: server.grpcPort,
    ...(certPath && keyPath
      ? { tls: { cert: readPem(certPath, "certificate"), key: readPem(keyPath, "key") } }
      : {}),
    ...(server.grpcToken.isEmpty ? {} : { token: server.grpcToken.reveal() }),
  });
  grpc.start();
  return grpc;
}

function readPem(path: string, what: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the ${what} for gRPC ${path}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}
