import { OrtSession, type TensorInfo } from "../../ffi/onnxruntime/session.ts";
import type { Tensor } from "../../ffi/onnxruntime/tensor.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A model whose runs are computed by a test. */
export interface FakeModel {
  readonly inputs: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly outputs: readonly (readonly [name: string, shape: readonly number[]])[];
  /** Fills the outputs of one run, at once or later. */
  readonly run: (inputs: Tensors, outputs: Tensors) => void | Promise<void>;
}

/** What a fake model was asked to do. */
export interface FakeSession {
  readonly tensors: Tensor[];
  disposed: number;
}

/** Replaces the models that are loaded while `use` runs. */
export async function withModel<Result>(
  { inputs, outputs, run }: FakeModel,
  use: (session: FakeSession) => Promise<Result>,
): Promise<Result> {
  const session: FakeSession = { tensors: [], disposed: 0 };
  const describe = (list: FakeModel["inputs"]): TensorInfo[] =>
    list.map(([name, shape]) => ({ name, shape, elementType: 1 }));
  const { fromFile } = OrtSession;
  OrtSession.fromFile = () =>
    Promise.resolve({
      inputs: describe(inputs),
      outputs: describe(outputs),
      bind(from: Tensors, to: Tensors) {
        session.tensors.push(...Object.values(from), ...Object.values(to));
        return { run: async () => await run(from, to) };
      },
      [Symbol.dispose]: () => void session.disposed++,
    } as unknown as OrtSession);
  try {
    return await use(session);
  } finally {
    OrtSession.fromFile = fromFile;
  }
}

/** True once the memory of a tensor was given back. */
export function isReleased(tensor: Tensor): boolean {
  try {
    return !tensor.handle;
  } catch {
    return true;
  }
}
