import { makeCertificates } from "./certificates.ts";
import { temporaryFolder } from "./folders.ts";
import { startProgram } from "./physiology_server.ts";
import { startRedis } from "./redis_server.ts";
import { bedImages, bedNames, SimulatedBed } from "./simulated_bed.ts";
import { waitFor } from "./wait.ts";
import { WardPublisher } from "./ward_publisher.ts";

/** The token of the dashboard. */
export const WARD_TOKEN = "a secret of 16 characters";

/** An address of this machine that is not loopback, as another machine uses it. */
function lanAddress(): string {
  const found = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  );
  return found?.address ?? "127.0.0.1";
}

/** A dashboard with TLS and a token, for devices that publish to Redis. */
export async function startWard(count: number, flags: readonly string[] = []) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const { server: certificate } = makeCertificates(folder.path);
  const redis = stack.use(await startRedis());
  const beds = bedNames(count).map((name, index) => new SimulatedBed(name, index));
  const ward = stack.use(new WardPublisher(redis, { beds, images: await bedImages() }));
  const dashboard = stack.use(startProgram([
    "dashboard",
    `--redis_port=${redis.port}`,
    "--listen=0.0.0.0",
    "--port=0",
    `--token=${WARD_TOKEN}`,
    `--http_tls_cert_path=${certificate.cert}`,
    `--http_tls_key_path=${certificate.key}`,
    ...flags,
  ]));
  const port = await waitFor(
    "the address",
    () => /https:\/\/0\.0\.0\.0:(\d+)\//.exec(dashboard.stderr)?.[1],
    { timeoutMs: 60_000 },
  );
  return {
    redis,
    ward,
    dashboard,
    url: `https://${lanAddress()}:${port}/`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
