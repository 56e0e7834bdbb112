import { ConfigError, reasonOf } from "../base/errors.ts";
import type { Settings } from "./flags.ts";
import { GrpcServer, type GrpcServerOptions } from "../transports/grpc/grpc_server.ts";

/**
 * Starts the gRPC server of the settings; returns undefined if they disable it.
 *
 * @throws {ConfigError} if the address, the certificate or the key cannot be used
 * @throws {UnavailableError} if the port is in use
 */
export function openGrpc(
  { server }: Settings,
  dependencies: Omit<GrpcServerOptions, "address" | "port" | "tls" | "token">,
): GrpcServer | undefined {
  if (server.grpcPort === 0) return undefined;
  const { grpcTlsCertPath: certPath, grpcTlsKeyPath: keyPath } = server;
  const grpc = new GrpcServer({
    ...dependencies,
    address: server.grpcAddress,
    port: server.grpcPort,
    // The rules of the flags require both or none.
    ...(certPath
      ? { tls: { cert: readPem(certPath, "certificate"), key: readPem(keyPath!, "key") } }
      : {}),
    ...(server.grpcToken.isEmpty ? {} : { token: server.grpcToken.reveal() }),
  });
  grpc.start();
  return grpc;
}

function readPem(path: string, name: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the ${name} for gRPC ${path}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}
