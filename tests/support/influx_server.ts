import { ServerProcess } from "./server_process.ts";

/** Whether Debian's InfluxDB 1 is installed. */
export const HAS_INFLUX = hasInflux();

/** InfluxDB 1, which needs `apt-get install influxdb`; Debian 13 has none. */
export class InfluxServer extends ServerProcess {
  /** Starts a server with the database `vitals` until it is disposed. */
  static async start(): Promise<InfluxServer> {
    const server = new InfluxServer({ name: "influxd" });
    try {
      await server.restart();
      await server.request("/query", { q: "CREATE DATABASE vitals" });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Starts it again on the same port, and waits until it responds. */
  async restart(): Promise<void> {
    Deno.writeTextFileSync(
      `${this.folder}/influxdb.conf`,
      `reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "${this.folder}/meta"
[data]
dir = "${this.folder}/data"
wal-dir = "${this.folder}/wal"
[http]
bind-address = "${this.hostname}:${this.port}"
[monitor]
store-enabled = false
`,
    );
    await this.start(
      ["influxd", "-config", `${this.folder}/influxdb.conf`],
      () => this.request("/ping").then(() => true, () => false),
    );
  }

  /** Sends a request and returns the response, which must be a success. */
  async request(path: string, parameters: Record<string, string> = {}): Promise<string> {
    const query = new URLSearchParams(parameters);
    const response = await fetch(`http://${this.hostname}:${this.port}${path}?${query}`, {
      method: path === "/query" ? "POST" : "GET",
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  }

  /** Returns the rows of a query; times are in nanoseconds. */
  async query(q: string): Promise<unknown[][]> {
    const text = await this.request("/query", { db: "vitals", epoch: "ns", q });
    const { results } = JSON.parse(text) as {
      results: { series?: { values: unknown[][] }[]; error?: string }[];
    };
    return results.flatMap(({ series = [] }) => series.flatMap(({ values }) => values));
  }
}

function hasInflux(): boolean {
  try {
    return Deno.statSync("/usr/bin/influxd").isFile;
  } catch {
    return false;
  }
}
