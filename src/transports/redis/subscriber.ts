/** Subscriptions of a reader, which last over reconnects. */
export interface Subscriber extends Disposable {
  /** Whether messages arrive. */
  readonly ready: boolean;
  /** Resolves when Redis has confirmed the subscription, which may be after a reconnect. */
  add(...channels: readonly string[]): Promise<void>;
  /** Like `add()`, with a pattern. @throws {TypeError} if the channels have none. */
  addPattern(pattern: string): Promise<void>;
  remove(...channels: readonly string[]): Promise<void>;
  /** Called once a second: detects a silent server, and retries what was refused or lost. */
  maintain(): void;
}
