import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerProcess } from '../../bench/lib/server-process.js';

/** A player that speaks go2rtc's WebSocket: says what it wants, takes text as JSON and binary as pictures. */
export interface Go2rtcPlayer {
  readonly texts: { type?: unknown; value?: unknown }[];
  readonly pictures: Buffer[];
  /** In the order in which they came. */
  readonly kinds: ('text' | 'picture')[];
  send(type: string, value?: unknown): void;
  sendRaw(data: string | Buffer): void;
  /** Resolves when a message has come for which `judge` says yes. */
  when(judge: () => boolean): Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): void;
}

export async function openGo2rtcPlayer(
  service: ServerProcess,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Go2rtcPlayer> {
  const socket = new WebSocket(`ws://127.0.0.1:${service.port}/api/ws?${query}`, { headers });
  const texts: Go2rtcPlayer['texts'] = [];
  const pictures: Buffer[] = [];
  const kinds: Go2rtcPlayer['kinds'] = [];
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    kinds.push(isBinary ? 'picture' : 'text');
    if (isBinary) pictures.push(data);
    else texts.push(JSON.parse(data.toString()) as { type?: unknown; value?: unknown });
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  await once(socket, 'open');
  return {
    texts,
    pictures,
    kinds,
    closed,
    send: (type, value) => {
      socket.send(JSON.stringify({ type, value }));
    },
    sendRaw: (data) => {
      socket.send(data);
    },
    when: async (judge) => {
      while (!judge()) await Promise.race([once(socket, 'message'), closed.then(failUnless(judge))]);
    },
    close: () => {
      socket.close();
    },
  };
}

/** A player that was closed sees nothing more: waiting for it would be waiting for ever. */
const failUnless = (judge: () => boolean) => (closed: { code: number; reason: string }) => {
  if (!judge()) throw new Error(`closed: ${closed.code} ${closed.reason}`);
};
