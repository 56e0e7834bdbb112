/** Architecture of an emulated machine, as in `.tools`. */
export type MachineArch = "x64" | "arm64";

/** How QEMU emulates a machine of an architecture. */
export interface Emulator {
  readonly program: string;
  /** Arguments that select the machine. */
  readonly args: readonly string[];
  /** Model of the processor. */
  readonly cpu: string;
  /** The kernel's name of the serial console. */
  readonly console: string;
}

export const EMULATORS: Readonly<Record<MachineArch, Emulator>> = {
  x64: { program: "qemu-system-x86_64", args: [], cpu: "Nehalem", console: "ttyS0" },
  // The processor of a Raspberry Pi 4.
  arm64: {
    program: "qemu-system-aarch64",
    args: ["-machine", "virt"],
    cpu: "cortex-a72",
    console: "ttyAMA0",
  },
};
