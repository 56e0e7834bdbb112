/** A network camera that sends JPEGs as `multipart/x-mixed-replace` and can stall. */
export class MjpegServer implements AsyncDisposable {
  readonly #jpeg: Uint8Array;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #viewers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #timer: ReturnType<typeof setInterval>;
  /** While true, the server keeps its connections and sends nothing. */
  silent = false;
  /** Number of connections accepted so far. */
  visits = 0;

  constructor(jpeg: Uint8Array, { port = 0, fps = 25 } = {}) {
    this.#jpeg = jpeg;
    this.#server = Deno.serve(
      { port, hostname: "127.0.0.1", onListen() {} },
      () => this.#accept(),
    );
    this.#timer = setInterval(() => this.#send(), 1000 / fps);
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/stream`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const viewer of this.#viewers) viewer.close();
    this.#viewers.clear();
    await this.#server.shutdown();
  }

  #accept(): Response {
    this.visits++;
    let viewer: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        viewer = controller;
        this.#viewers.add(controller);
      },
      cancel: () => void this.#viewers.delete(viewer),
    });
    const type = "multipart/x-mixed-replace; boundary=frame";
    return new Response(body, { headers: { "content-type": type } });
  }

  #send(): void {
    if (this.silent) return;
    const head =
      `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${this.#jpeg.length}\r\n\r\n`;
    const bytes = new TextEncoder().encode(head);
    for (const viewer of this.#viewers) {
      try {
        viewer.enqueue(bytes);
        viewer.enqueue(this.#jpeg);
        viewer.enqueue(new TextEncoder().encode("\r\n"));
      } catch {
        this.#viewers.delete(viewer); // it disconnected in the middle of an image
      }
    }
  }
}
