import { type Binding, OrtSession } from "../../../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../../../ffi/onnxruntime/tensor.ts";
import { assetPath } from "../../../base/assets.ts";
import { posMethod } from "../methods/color.ts";
import type { PulseSignal, PulseWindow } from "../methods/method.ts";
import { readySignalsMethod } from "../methods/ready.ts";
import { INPUT_LENGTH, INPUT_ROWS, MAX_SIGNALS, writeNetworkInput } from "./input.ts";
import { RatePosterior, RATES } from "./posterior.ts";

/** A network that was trained on simulated signals (`models/pulse_rate.md`). */
export class RateNetwork implements Disposable {
  readonly #session: OrtSession;
  readonly #output = new Tensor([RATES + 1]);
  /** Inputs and bindings by the number of signals. */
  readonly #bindings = new Map<number, { readonly input: Tensor; readonly binding: Binding }>();

  private constructor(session: OrtSession) {
    this.#session = session;
  }

  /** @throws {OrtError} if ONNX Runtime cannot load the network. */
  static async open(path = `${assetPath("models")}/pulse_rate.onnx`): Promise<RateNetwork> {
    return new RateNetwork(await OrtSession.fromFile(path));
  }

  /** The signals of a window that the network is given: POS of each region, or ready signals. */
  static signalsOf(window: PulseWindow): readonly PulseSignal[] {
    return [posMethod, readySignalsMethod].flatMap((method) => method.extract(window))
      .slice(0, MAX_SIGNALS);
  }

  /**
   * Computes the probabilities of rates.
   *
   * @param signals 20 s at 30 Hz each, NaN in gaps.
   * @returns undefined without a signal.
   */
  run(signals: readonly PulseSignal[]): RatePosterior | undefined {
    if (!signals.length) return undefined;
    const { input, binding } = this.#bindingFor(signals.length);
    writeNetworkInput(signals, input.data);
    binding.runSync();
    return new RatePosterior(this.#output.data.slice());
  }

  #bindingFor(count: number) {
    const existing = this.#bindings.get(count);
    if (existing) return existing;
    const input = new Tensor([count, INPUT_ROWS, INPUT_LENGTH]);
    const binding = this.#session.bind({ signals: input }, { probability: this.#output });
    const created = { input, binding };
    this.#bindings.set(count, created);
    return created;
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
    this.#output[Symbol.dispose]();
    for (const { input } of this.#bindings.values()) input[Symbol.dispose]();
  }
}
