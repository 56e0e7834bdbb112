import type { Settings } from "./flags.ts";

type Rule = (settings: Settings) => string | undefined;

/** Values that cannot stand together, whoever uses them. */
const RULES: readonly Rule[] = [
  ({ redis }) =>
    Boolean(redis.tlsCertPath) !== Boolean(redis.tlsKeyPath)
      ? "Cannot use one of redis_tls_cert_path and redis_tls_key_path alone: give both"
      : undefined,
  ({ redis }) =>
    !redis.tls && (redis.tlsCaPath || redis.tlsCertPath || redis.tlsServerName)
      ? "Cannot use redis_tls_* without TLS: add --redis_tls"
      : undefined,
  ({ redis }) =>
    Boolean(redis.sentinelName) !== redis.sentinels.length > 0
      ? "Cannot use one of redis_sentinel_name and redis_sentinels alone: give both"
      : undefined,
  ({ redis }) =>
    redis.clusterNodes.length > 0 && !redis.cluster
      ? "Cannot use redis_cluster_nodes without a cluster: add --redis_cluster"
      : undefined,
  ({ redis }) =>
    redis.cluster && redis.sentinelName
      ? "Cannot use redis_cluster together with redis_sentinel_name: a server is one or the other"
      : undefined,
  ({ redis }) =>
    redis.cluster && redis.database !== 0
      ? `Cannot use redis_database in a Redis Cluster: it must be 0: current value is ${redis.database}`
      : undefined,
  ({ server }) =>
    Boolean(server.grpcTlsCertPath) !== Boolean(server.grpcTlsKeyPath)
      ? "Cannot use one of grpc_tls_cert_path and grpc_tls_key_path alone: give both"
      : undefined,
  ({ server }) =>
    !isLoopback(server.grpcAddress) && (!server.grpcTlsCertPath || server.grpcToken.isEmpty)
      ? `Cannot listen for gRPC on ${server.grpcAddress} without TLS and a token: ` +
        "add --grpc_tls_cert_path, --grpc_tls_key_path and --grpc_token_file"
      : undefined,
  ({ server }) =>
    server.httpPort !== 0 && !isLoopback(server.httpAddress) && server.httpToken.isEmpty
      ? `Cannot listen for HTTP on ${server.httpAddress} without a token: add --http_token_file`
      : undefined,
  ({ dashboard }) =>
    !isLoopback(dashboard.address) && dashboard.token.isEmpty
      ? `Cannot serve the dashboard on ${dashboard.address} without a token: add --token_file`
      : undefined,
  ({ publish, server }) =>
    publish.backend === "grpc" && server.grpcPort === 0
      ? "Cannot use --streaming_backend=grpc with --port=0: give a port"
      : undefined,
];

/** The first pair of values that contradict each other, as a message. */
export function conflictIn(settings: Settings): string | undefined {
  for (const rule of RULES) {
    const complaint = rule(settings);
    if (complaint) return complaint;
  }
  return undefined;
}

/** What is wrong with the choice of input, of which `serve` needs exactly one. */
export function inputComplaint({ camera, video, simulate }: Settings): string | undefined {
  const chosen = [
    camera.use && "--use_camera",
    video.inputPath !== undefined && "--input_video_path",
    simulate.enabled && "--simulate",
  ].filter((name) => name !== false);
  if (chosen.length === 1) return undefined;
  return chosen.length === 0
    ? "Cannot start without an input: add --use_camera, --input_video_path=FILE or --simulate"
    : `Cannot use ${chosen.join(" and ")} together: choose one input`;
}

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || address === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(address);
}
