import { readKeyPair } from "../base/pem.ts";
import type { Settings } from "./flags.ts";
import type { GrpcSettings } from "../transports/grpc/flags.ts";
import { GrpcServer, type GrpcServerOptions } from "../transports/grpc/grpc_server.ts";

/**
 * Starts the gRPC server of the settings; returns undefined if they disable it.
 *
 * @param dependencies.lastPort last of the ports to try if that of the settings is in use
 * @throws {ConfigError} if the address, the certificate or the key cannot be used
 * @throws {UnavailableError} if the port is in use
 */
export function openGrpc(
  { server }: Settings,
  dependencies: Omit<GrpcServerOptions, "address" | "port" | "tls" | "token">,
): GrpcServer | undefined {
  if (server.grpcPort === 0) return undefined;
  const tls = grpcTls(server);
  const grpc = new GrpcServer({
    ...dependencies,
    address: server.grpcAddress,
    port: server.grpcPort,
    ...(tls ? { tls } : {}),
    ...(server.grpcToken.isEmpty ? {} : { token: server.grpcToken.reveal() }),
  });
  grpc.start();
  return grpc;
}

/**
 * Reads the certificate and the key of the gRPC server; returns undefined without TLS.
 *
 * @throws {ConfigError} if they cannot be used
 */
export function grpcTls({ grpcTlsCertPath: certPath, grpcTlsKeyPath: keyPath }: GrpcSettings) {
  // The rules of the flags require both or none.
  if (!certPath || !keyPath) return undefined;
  return readKeyPair({ certPath, keyPath }, { cert: "certificate for gRPC", key: "key for gRPC" });
}
