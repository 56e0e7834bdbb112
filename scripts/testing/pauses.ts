/** The longest time for which a process runs between two pauses, in milliseconds. Chosen. */
const MAX_RUN_MS = 20;
/** The longest pause, in milliseconds: as long as a busy host lets a process wait. Chosen. */
const MAX_PAUSE_MS = 150;

/**
 * Pauses a process (not its children) at random moments for random times, as a busy host does, until
 * this is disposed. Shows which tests hold only as long as nothing is late.
 */
export class RandomPauses implements Disposable {
  readonly #process: Deno.ChildProcess;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#run();
  }

  #run(): void {
    this.#timer = setTimeout(() => {
      if (this.#send("SIGSTOP")) this.#pause();
    }, Math.random() * MAX_RUN_MS);
  }

  #pause(): void {
    this.#timer = setTimeout(() => {
      if (this.#send("SIGCONT")) this.#run();
    }, Math.random() ** 3 * MAX_PAUSE_MS); // half of them are shorter than an eighth
  }

  /** Returns whether the process still runs. */
  #send(signal: "SIGSTOP" | "SIGCONT"): boolean {
    try {
      this.#process.kill(signal);
      return true;
    } catch {
      return false; // it has ended
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#send("SIGCONT");
  }
}
