import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { CommandHandler } from "../../control/commands.ts";
import { isSessionId, type Recording } from "../../control/recording.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import { Converter } from "./convert.ts";
import { Feed } from "./feed.ts";
import type { Metrics, MetricsBuffer, StatusValue } from "./gen/metrics_pb.ts";
import { StatusCode } from "./gen/metrics_pb.ts";
import { PhysiologyServer } from "./gen/physiology_server_pb.ts";

/** At five messages a second, six seconds: a client that stands still for longer misses some. */
const QUEUED_MESSAGES = 30;

export interface PhysiologyServiceParts {
  readonly recording: Recording;
  readonly commands: CommandHandler;
  readonly counters: Counters;
  /** Forgets what was measured, as for a new person. */
  readonly onReset: () => void;
}

/** The appliance's own gRPC service: live streams out, recording commands in. */
export class PhysiologyService {
  readonly #parts: PhysiologyServiceParts;
  readonly #convert = new Converter();
  readonly #core: Feed<MetricsBuffer>;
  readonly #edge: Feed<Metrics>;
  readonly #status: Feed<StatusValue>;

  constructor(parts: PhysiologyServiceParts) {
    this.#parts = parts;
    const feed = (stream: string) => ({
      capacity: QUEUED_MESSAGES,
      onDrop: () => parts.counters.add("grpc_dropped_total", { stream }),
    });
    this.#core = new Feed(feed("core_metrics"));
    this.#edge = new Feed(feed("edge_metrics"));
    this.#status = new Feed(feed("status"));
  }

  /** Streams that are open. */
  get listeners(): number {
    return this.#core.listeners + this.#edge.listeners + this.#status.listeners;
  }

  /** Hands an envelope to the streams. Never waits, never throws. */
  publish(envelope: Envelope): void {
    switch (envelope.type) {
      case "core_metrics":
        return this.#core.publish(this.#convert.coreMetrics(envelope));
      case "edge_metrics":
        return this.#edge.publish(this.#convert.edgeMetrics(envelope));
      case "status":
        return this.#status.publish(this.#convert.status(envelope));
      case "recording_state":
        return;
    }
  }

  register(router: ConnectRouter): void {
    router.service(PhysiologyServer, {
      setRecording: ({ recording, sessionId }) => this.#setRecording(recording, sessionId),
      getStatus: () => ({
        status: this.#status.newest ?? { value: StatusCode.PROCESSING_NOT_STARTED },
        ...this.#recordingState(),
      }),
      streamCoreMetrics: (_request, { signal }) => this.#core.listen(signal),
      streamEdgeMetrics: (_request, { signal }) => this.#edge.listen(signal),
      streamStatus: (_request, { signal }) => this.#status.listen(signal),
      resetProcessing: () => {
        this.#parts.onReset();
        return {};
      },
    });
  }

  #setRecording(recording: boolean, sessionId: string) {
    if (sessionId !== "" && !isSessionId(sessionId)) {
      throw new ConnectError(
        "Cannot use the session_id: it must be at most 128 letters, digits, spaces or ._-+@=,~:()",
        Code.InvalidArgument,
      );
    }
    const command = sessionId === "" ? { recording } : { recording, sessionId };
    if (this.#parts.commands.apply(command, "grpc") === "stale") {
      throw new ConnectError(
        "Cannot stop the recording: another session than the named one is running",
        Code.FailedPrecondition,
      );
    }
    return this.#recordingState();
  }

  #recordingState(): { recording: boolean; sessionId: string } {
    const { state } = this.#parts.recording;
    return { recording: state.recording, sessionId: state.recording ? state.sessionId : "" };
  }
}
