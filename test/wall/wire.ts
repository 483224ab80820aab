import type { Page, WebSocket } from 'playwright-core';
import { decodeFrameHeader, type ClientMessage } from '../../src/wall/protocol.js';

/** What crosses the sockets of a wall page, as the browser's network layer saw it: proof against anything that the page says. */
export class Wire {
  sockets = 0;
  readonly #frames = new Map<string, number>();
  readonly #paused = new Set<string>();

  /** Make it before the page is opened. */
  constructor(page: Page) {
    page.on('websocket', (socket) => {
      this.sockets += 1;
      this.#watch(socket);
    });
  }

  /** Cameras that the page has asked to pause and not to resume, sorted. */
  get paused(): string[] {
    return [...this.#paused].sort();
  }

  /** Pictures of a camera that have come so far. */
  frames(camera: string): number {
    return this.#frames.get(camera) ?? 0;
  }

  #watch(socket: WebSocket): void {
    const cameras = new Map<number, string>();
    socket.on('framesent', ({ payload }) => {
      const message = JSON.parse(payload.toString()) as ClientMessage;
      if (message.type === 'subscribe') {
        cameras.set(message.handle, message.camera);
        this.#paused.delete(message.camera);
      } else if (message.type === 'pause' || message.type === 'resume') {
        for (const camera of message.handles.flatMap((handle) => cameras.get(handle) ?? [])) {
          if (message.type === 'pause') this.#paused.add(camera);
          else this.#paused.delete(camera);
        }
      }
    });
    socket.on('framereceived', ({ payload }) => {
      const header =
        typeof payload === 'string' ? null : decodeFrameHeader(payload.buffer, payload.byteOffset);
      const camera = header && cameras.get(header.handle);
      if (camera) this.#frames.set(camera, this.frames(camera) + 1);
    });
  }
}
