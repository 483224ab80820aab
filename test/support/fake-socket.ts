import assert from 'node:assert/strict';
import type { ViewerSocket } from '../../src/viewer/socket-session.js';

type Sent =
  { readonly kind: 'frame'; readonly bytes: ArrayBuffer } | { readonly kind: 'text'; readonly text: string };

/** A viewer's socket: notes what goes out, and fails the test that touches it after its close. */
export class FakeSocket implements ViewerSocket {
  readonly sent: Sent[] = [];
  readonly pings: string[] = [];
  readonly topics = new Set<string>();
  readonly ends: { code: number; reason: string }[] = [];
  buffered = 0;
  /** True: over its limit of unsent bytes, so that it drops what is sent. */
  full = false;
  open = true;
  onClose: () => void = () => undefined;

  get frames(): ArrayBuffer[] {
    return this.sent.flatMap((sent) => (sent.kind === 'frame' ? [sent.bytes] : []));
  }

  get texts(): string[] {
    return this.sent.flatMap((sent) => (sent.kind === 'text' ? [sent.text] : []));
  }

  send(message: ArrayBuffer | Uint8Array | string, isBinary: boolean): number {
    this.#touch();
    assert.equal(isBinary, typeof message !== 'string');
    if (this.full) return 2;
    if (typeof message === 'string') this.sent.push({ kind: 'text', text: message });
    else if (message instanceof ArrayBuffer) this.sent.push({ kind: 'frame', bytes: message });
    else throw new Error('a frame is sent as the ArrayBuffer that it is');
    return 1;
  }

  ping(message: string): number {
    this.#touch();
    if (this.full) return 2;
    this.pings.push(message);
    return 1;
  }

  subscribe(topic: string): boolean {
    this.#touch();
    this.topics.add(topic);
    return true;
  }

  unsubscribe(topic: string): boolean {
    this.#touch();
    return this.topics.delete(topic);
  }

  getBufferedAmount(): number {
    this.#touch();
    return this.buffered;
  }

  cork(callback: () => void): void {
    this.#touch();
    callback();
  }

  /** Calls back `onClose` from within, as uWebSockets.js does. */
  end(code: number, reason: string): void {
    this.#touch();
    this.ends.push({ code, reason });
    this.close();
  }

  /** The other side is gone. */
  close(): void {
    this.open = false;
    this.topics.clear();
    this.onClose();
  }

  #touch(): void {
    assert.ok(this.open, 'the socket was touched after its close');
  }
}
