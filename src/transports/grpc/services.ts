import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { CommandHandler } from "../../control/commands.ts";
import { isSessionId, type Recording } from "../../control/recording.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import { lazy } from "../../base/lazy.ts";
import { Converter } from "./convert.ts";
import type { Metrics, MetricsBuffer, StatusValue } from "./gen/metrics_pb.ts";
import { StatusCode } from "./gen/metrics_pb.ts";
import { PhysiologyServer } from "./gen/physiology_server_pb.ts";
import { SubscriptionHub } from "./subscription_hub.ts";

/** Messages queued for one stream: 6 s at five messages a second. Chosen. */
const QUEUED_MESSAGES = 30;

export interface PhysiologyServiceContext {
  readonly recording: Recording;
  readonly commands: CommandHandler;
  readonly counters: Counters;
  /** Resets the measurement, as for a new person. */
  readonly onReset: () => void;
}

/** The service of physiology_server.proto: live streams, and recording commands. */
export class PhysiologyService {
  readonly #context: PhysiologyServiceContext;
  readonly #convert = new Converter();
  // Most messages have no subscriber: they are converted when one reads them.
  readonly #coreMetrics: SubscriptionHub<() => MetricsBuffer>;
  readonly #edgeMetrics: SubscriptionHub<() => Metrics>;
  readonly #status: SubscriptionHub<() => StatusValue>;

  constructor(context: PhysiologyServiceContext) {
    this.#context = context;
    const hubOptions = (stream: string) => ({
      capacity: QUEUED_MESSAGES,
      onDrop: () => context.counters.add("grpc_dropped_total", { stream }),
    });
    this.#coreMetrics = new SubscriptionHub(hubOptions("core_metrics"));
    this.#edgeMetrics = new SubscriptionHub(hubOptions("edge_metrics"));
    this.#status = new SubscriptionHub(hubOptions("status"));
  }

  /** Number of open streams. */
  get streams(): number {
    const hubs = [this.#coreMetrics, this.#edgeMetrics, this.#status];
    return hubs.reduce((sum, { subscribers }) => sum + subscribers, 0);
  }

  /** Publishes an envelope to its streams. Never waits, never throws. */
  publish(envelope: Envelope): void {
    switch (envelope.type) {
      case "core_metrics":
        this.#convert.setOrigin(envelope);
        return this.#coreMetrics.publish(lazy(() => this.#convert.coreMetrics(envelope)));
      case "edge_metrics":
        this.#convert.setOrigin(envelope);
        return this.#edgeMetrics.publish(lazy(() => this.#convert.edgeMetrics(envelope)));
      case "status":
        return this.#status.publish(lazy(() => this.#convert.status(envelope)));
      case "recording_state":
        return;
    }
  }

  /** Adds the service to a router. */
  register(router: ConnectRouter): void {
    router.service(PhysiologyServer, {
      setRecording: ({ recording, sessionId }) => this.#setRecording(recording, sessionId),
      getStatus: () => ({
        status: this.#status.latest?.() ?? { value: StatusCode.PROCESSING_NOT_STARTED },
        ...this.#recordingState(),
      }),
      streamCoreMetrics: (_request, { signal }) => converted(this.#coreMetrics, signal),
      streamEdgeMetrics: (_request, { signal }) => converted(this.#edgeMetrics, signal),
      streamStatus: (_request, { signal }) => converted(this.#status, signal),
      resetProcessing: () => {
        this.#context.onReset();
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
    if (this.#context.commands.apply(command, "grpc") === "stale") {
      throw new ConnectError(
        "Cannot stop the recording: the running session has another session_id",
        Code.FailedPrecondition,
      );
    }
    return this.#recordingState();
  }

  #recordingState(): { recording: boolean; sessionId: string } {
    const { state } = this.#context.recording;
    return { recording: state.recording, sessionId: state.recording ? state.sessionId : "" };
  }
}

/** Yields the converted messages of a stream. */
async function* converted<Value>(
  hub: SubscriptionHub<() => Value>,
  signal: AbortSignal,
): AsyncGenerator<Value, void> {
  for await (const message of hub.subscribe(signal)) yield message();
}
