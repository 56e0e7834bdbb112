import { fileTransport } from "../transports/file/transport.ts";
import { grpcTransport } from "../transports/grpc/transport.ts";
import { redisTransport } from "../transports/redis/transport.ts";

/** Every value of `--streaming_backend`, in the order of help. */
export const TRANSPORTS = [redisTransport, fileTransport, grpcTransport] as const;
