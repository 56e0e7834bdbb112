import type { PageInfo, RecordingResult, Session, Trend } from "./protocol.ts";

/** A response, or the reason why there is none. */
export type Answer<T> =
  | { readonly state: "ok"; readonly value: T }
  /** `status` is undefined if the server did not answer. */
  | { readonly state: "failed"; readonly status?: number };

/** A response that takes longer has failed; the server waits 3 s for a device. */
const TIMEOUT_MS = 8000;

/** The paths of the server beside the stream, relative to the address of the page. */
export class Api {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** Address of a path, which keeps the prefix of a reverse proxy. */
  url(path: string, query: Readonly<Record<string, string>> = {}): URL {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  /** Address of the stream. */
  get streamUrl(): string {
    const url = this.url("v1/stream");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
  }

  page(): Promise<Answer<PageInfo>> {
    return this.#fetch(this.url("v1/page"));
  }

  trend(device: string, range: { readonly fromUs: number }): Promise<Answer<Trend>> {
    return this.#fetch(this.url("v1/trends", { device, from: String(Math.round(range.fromUs)) }));
  }

  /** Starts or stops recordings; each device has an outcome, whatever the status of the response. */
  async record(
    devices: readonly string[],
    { recording, session }: { readonly recording: boolean; readonly session?: string },
  ): Promise<Answer<readonly RecordingResult[]>> {
    const target = devices.length === 1 ? { device: devices[0] } : { devices };
    const body = { ...target, recording, ...session ? { session_id: session } : {} };
    const answer = await this.#fetch<{ results?: readonly RecordingResult[] }>(
      this.url("v1/recording"),
      { method: "POST", body, acceptsErrors: true },
    );
    if (answer.state === "failed") return answer;
    return answer.value.results
      ? { state: "ok", value: answer.value.results }
      : { state: "failed", status: 400 };
  }

  /** Acknowledges the alarms of a device, of one rule of it, or all. */
  acknowledge(target: { readonly device?: string; readonly rule?: string }) {
    return this.#fetch(this.url("v1/alarms/acknowledge"), { method: "POST", body: target });
  }

  /** Removes a silent device from all pages, until it is heard again. */
  dismiss(device: string) {
    return this.#fetch(this.url("v1/devices", { device }), { method: "DELETE" });
  }

  async sessions(): Promise<Answer<readonly Session[]>> {
    const answer = await this.#fetch<{ sessions?: readonly Session[] }>(
      this.url("v1/sessions"),
    );
    return answer.state === "ok" ? { state: "ok", value: answer.value.sessions ?? [] } : answer;
  }

  async #fetch<T>(url: URL, { method = "GET", body, acceptsErrors = false }: {
    readonly method?: string;
    readonly body?: unknown;
    readonly acceptsErrors?: boolean;
  } = {}): Promise<Answer<T>> {
    try {
      const response = await fetch(url, {
        method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...body === undefined
          ? {}
          : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
      });
      const text = await response.text();
      if (!response.ok && !acceptsErrors) return { state: "failed", status: response.status };
      return { state: "ok", value: (text === "" ? {} : JSON.parse(text)) as T };
    } catch {
      return { state: "failed" };
    }
  }
}
