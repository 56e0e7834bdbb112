import { FhirRouter, MemoryRepository } from "@medplum/fhir-router";
import type * as r4 from "fhir/r4";
import { loadDefinitions } from "./fhir_validator.ts";
import type { KeyPair } from "./certificates.ts";

/** A request that the server has received. */
export interface FhirRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly contentType: string | null;
}

export interface FhirServerOptions {
  /** @default a free port */
  readonly port?: number;
  /** Serves HTTPS with this certificate. */
  readonly tls?: KeyPair;
  /** Answers in place of the FHIR server. @default none */
  readonly answer?: (request: FhirRequest) => Response | undefined | Promise<Response | undefined>;
  /** The resources of a server before. @default empty */
  readonly repository?: MemoryRepository;
}

/**
 * A FHIR R4 server on 127.0.0.1: the router and the repository in memory of Medplum, at `/fhir`.
 * Shut down when disposed; its repository can be passed to the next one.
 */
export class FhirServer implements AsyncDisposable {
  readonly repository: MemoryRepository;
  readonly requests: FhirRequest[] = [];
  /** Replaceable while it runs. */
  answer: FhirServerOptions["answer"];
  readonly #end = new AbortController();
  readonly #router = new FhirRouter();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #scheme: string;

  constructor({ port = 0, tls, answer, repository }: FhirServerOptions = {}) {
    loadDefinitions();
    this.repository = repository ?? new MemoryRepository();
    this.answer = answer;
    this.#scheme = tls ? "https" : "http";
    const { signal } = this.#end;
    const options = { hostname: "127.0.0.1", port, signal, onListen() {} };
    const certificate = tls &&
      { cert: Deno.readTextFileSync(tls.cert), key: Deno.readTextFileSync(tls.key) };
    this.#server = Deno.serve({ ...options, ...certificate }, (request) => this.#handle(request));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/fhir`;
  }

  /** Returns the stored resources of a type. */
  async stored<Type extends r4.FhirResource["resourceType"]>(
    resourceType: Type,
  ): Promise<Extract<r4.FhirResource, { resourceType: Type }>[]> {
    const bundle = await this.repository.search({ resourceType, count: 1000 });
    return (bundle.entry ?? []).map(({ resource }) => resource) as never;
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const received = {
      method: request.method,
      path: pathname,
      authorization: request.headers.get("authorization"),
      contentType: request.headers.get("content-type"),
    };
    this.requests.push(received);
    const body = await request.text();
    const answer = await this.answer?.(received);
    if (answer) return answer;
    if (request.method !== "POST" || pathname !== "/fhir") {
      return new Response(null, { status: 404 });
    }
    const [outcome, resource] = await this.#router.handleRequest({
      method: "POST",
      url: "/",
      pathname: "", // the router sets it
      body: JSON.parse(body),
      params: {},
      query: {},
    }, this.repository);
    return Response.json(resource ?? outcome, { status: outcome.id === "ok" ? 200 : 400 });
  }

  /** Ends at once, with the connections of its clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#server.finished;
  }
}
