import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Clip, ClipStore, type ClipSpec } from '../virtual-camera/clip.js';
import { rtspResponse, RtspParser, type RtspRequest } from '../virtual-camera/rtsp-parser.js';
import { sessionDescription } from '../virtual-camera/sdp.js';
import { stamp } from '../virtual-camera/rtp.js';
import type { HostileKind, MediaMoment } from './kind.js';

const HOST = '127.0.0.1';
const FPS = 10;
const SPEC: ClipSpec = {
  width: 320,
  height: 180,
  fps: FPS,
  gop: FPS,
  bitrate: 200_000,
  clipFrames: 40,
  pattern: 'testsrc2',
  noise: 0,
  matrix: null,
};

export interface HostileCameras {
  /** `rtsp://` URL of the kind with this name. */
  url(name: string): string;
  /** Connections since the start. */
  connections(): number;
  stop(): Promise<void>;
}

interface Clips {
  readonly clip: Clip;
  readonly otherClip: Clip;
}

/** Starts a camera of each kind, each on a port of its own. */
export async function startHostileCameras(kinds: readonly HostileKind[]): Promise<HostileCameras> {
  const store = new ClipStore(() => undefined);
  const clips = {
    clip: await store.get(SPEC),
    otherClip: await store.get({ ...SPEC, width: 448, height: 256 }),
  };
  const sockets = new Set<Socket>();
  let connections = 0;
  const servers = new Map<string, Server>();
  for (const kind of kinds) {
    const server = createServer((socket) => {
      connections++;
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      serve(socket, kind, clips);
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    servers.set(kind.name, server);
  }
  return {
    url: (name) => {
      const address = servers.get(name)?.address();
      if (typeof address !== 'object' || address === null) throw new Error(`no kind ${name}`);
      return `rtsp://${HOST}:${address.port}/${name}`;
    },
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([...servers.values()].map((server) => once(server.close(), 'close')));
    },
  };
}

function serve(socket: Socket, kind: HostileKind, clips: Clips): void {
  if (kind.connect) {
    socket.resume();
    kind.connect(socket);
    return;
  }
  const parser = new RtspParser();
  socket.on('data', (chunk) => {
    try {
      for (const request of parser.push(chunk)) answer(socket, kind, clips, request);
    } catch {
      socket.destroy();
    }
  });
}

function answer(socket: Socket, kind: HostileKind, clips: Clips, request: RtspRequest): void {
  const right = rightAnswer(kind, clips.clip, request);
  const bytes = kind.answer ? kind.answer(request, right.toString('latin1'), socket) : right;
  if (bytes !== null && socket.writable)
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (request.method === 'PLAY') play(socket, kind, clips);
}

/** What a camera in order would answer. */
function rightAnswer(kind: HostileKind, { sps, pps }: Clip, request: RtspRequest): Buffer {
  const session = { Session: 'hostile;timeout=60' };
  switch (request.method) {
    case 'OPTIONS':
      return Buffer.from(
        rtspResponse(request, 200, { Public: 'DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER' }),
      );
    case 'DESCRIBE': {
      const right = sessionDescription(HOST, 'hostile', { sps, pps, fps: FPS, bitrate: SPEC.bitrate });
      const body = Buffer.from(kind.sdp?.(right) ?? right);
      const headers = { 'Content-Type': 'application/sdp', 'Content-Length': String(body.length) };
      return Buffer.concat([Buffer.from(rtspResponse(request, 200, headers)), body]);
    }
    case 'SETUP':
      return Buffer.from(
        rtspResponse(request, 200, { ...session, Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' }),
      );
    default:
      return Buffer.from(rtspResponse(request, 200, session));
  }
}

/** Sends pictures until the connection is gone; a client that does not read is waited for. */
function play(socket: Socket, kind: HostileKind, clips: Clips): void {
  let picture = 0;
  const timer = setInterval(() => {
    if (!socket.writable) clearInterval(timer);
    else if (!socket.writableNeedDrain)
      socket.write((kind.media ?? rightMedia)({ picture: picture++, channel: 0, ...clips }));
  }, 1000 / FPS);
  socket.once('close', () => clearInterval(timer));
}

function rightMedia({ picture, channel, clip }: MediaMoment): Buffer {
  const template = clip.pictures[picture % clip.pictures.length];
  if (template === undefined) return Buffer.alloc(0);
  return stamp(template, { channel, sequence: picture * 64, timestamp: picture * 9000, ssrc: 1 });
}
