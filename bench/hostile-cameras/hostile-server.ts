import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { openPortPair } from '../../src/rtsp/udp-ports.js';
import { type Clip, ClipStore, type ClipSpec } from '../virtual-camera/clip.js';
import { stamp } from '../virtual-camera/rtp.js';
import { rtspResponse, RtspParser, type RtspRequest } from '../virtual-camera/rtsp-parser.js';
import { sessionDescription } from '../virtual-camera/sdp.js';
import type { HostileKind, MediaMoment } from './kind.js';
import { type Destination, FPS, sendMedia } from './media-sender.js';
import { openTrap, type Trap } from './trap.js';

const HOST = '127.0.0.1';
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
  /** `rtsp://` URL of the kind with this name, with user and password. */
  url(name: string): string;
  /** Connections since the start. */
  connections(): number;
  /** Who came to the host that cameras name instead of their own. */
  readonly trap: Trap;
  /** Cuts all connections as a camera does that loses its power. */
  reset(): void;
  stop(): Promise<void>;
}

/** What all cameras have in common. */
interface Shared {
  readonly clip: Clip;
  readonly otherClip: Clip;
  readonly trap: Trap;
  readonly udp: { readonly rtp: UdpSocket; readonly rtpPort: number };
}

/** Starts a camera of each kind, each on a port of its own. They send over TCP or UDP, as they are asked. */
export async function startHostileCameras(kinds: readonly HostileKind[]): Promise<HostileCameras> {
  const store = new ClipStore(() => undefined);
  const udp = await openPortPair(HOST);
  const trap = await openTrap();
  const shared = {
    clip: await store.get(SPEC),
    otherClip: await store.get({ ...SPEC, width: 448, height: 256 }),
    trap,
    udp,
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
      serve(socket, kind, shared);
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    servers.set(kind.name, server);
  }
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: (name) => {
      const address = servers.get(name)?.address();
      if (typeof address !== 'object' || address === null) throw new Error(`no kind ${name}`);
      return `rtsp://viewer:secret@${HOST}:${address.port}/${name}`;
    },
    connections: () => connections,
    trap,
    reset,
    stop: async () => {
      reset();
      await Promise.all([...servers.values()].map((server) => once(server.close(), 'close')));
      for (const socket of [udp.rtp, udp.rtcp]) socket.close();
      await trap.close();
    },
  };
}

function serve(socket: Socket, kind: HostileKind, shared: Shared): void {
  if (kind.connect) {
    socket.resume();
    kind.connect(socket);
    return;
  }
  const parser = new RtspParser();
  let destination: Destination = { kind: 'tcp' };
  socket.on('data', (chunk) => {
    try {
      for (const request of parser.push(chunk)) {
        if (request.method === 'SETUP') destination = destinationOf(request, shared);
        answer(socket, kind, shared, request, destination);
      }
    } catch {
      socket.destroy();
    }
  });
}

function destinationOf(request: RtspRequest, { udp }: Shared): Destination {
  const [, port] = /client_port=(\d+)/.exec(headerOf(request, 'transport') ?? '') ?? [];
  if (port === undefined) return { kind: 'tcp' };
  return { kind: 'udp', address: HOST, rtpPort: Number(port), from: udp.rtp };
}

function answer(
  socket: Socket,
  kind: HostileKind,
  shared: Shared,
  request: RtspRequest,
  destination: Destination,
): void {
  const right = rightAnswer(kind, shared, request, destination);
  const bytes = kind.answer ? kind.answer(request, right.toString('latin1'), socket, shared.trap) : right;
  if (bytes !== null && socket.writable)
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (request.method !== 'PLAY') return;
  const { clip, otherClip } = shared;
  let picture = 0;
  const stream = { sequence: 0 };
  sendMedia(socket, destination, kind.isFlood ?? false, () =>
    (kind.media ?? rightMedia)({ picture: picture++, channel: 0, stream, clip, otherClip }),
  );
}

/** What a camera in order would answer. */
function rightAnswer(
  kind: HostileKind,
  { clip: { sps, pps }, udp, trap }: Shared,
  request: RtspRequest,
  destination: Destination,
): Buffer {
  const session = { Session: 'hostile;timeout=60' };
  switch (request.method) {
    case 'OPTIONS':
      return Buffer.from(
        rtspResponse(request, 200, { Public: 'DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER' }),
      );
    case 'DESCRIBE': {
      const right = sessionDescription(HOST, 'hostile', { sps, pps, fps: FPS, bitrate: SPEC.bitrate });
      const body = Buffer.from(kind.sdp?.(right, trap) ?? right);
      const headers = { 'Content-Type': 'application/sdp', 'Content-Length': String(body.length) };
      return Buffer.concat([Buffer.from(rtspResponse(request, 200, headers)), body]);
    }
    case 'SETUP':
      return Buffer.from(
        rtspResponse(request, 200, { ...session, Transport: transportOf(destination, udp.rtpPort) }),
      );
    default:
      return Buffer.from(rtspResponse(request, 200, session));
  }
}

const transportOf = (destination: Destination, ownPort: number): string =>
  destination.kind === 'tcp'
    ? 'RTP/AVP/TCP;unicast;interleaved=0-1'
    : `RTP/AVP;unicast;client_port=${destination.rtpPort}-${destination.rtpPort + 1};server_port=${ownPort}-${ownPort + 1}`;

function rightMedia({ picture, channel, clip }: MediaMoment): Buffer {
  const template = clip.pictures[picture % clip.pictures.length];
  if (template === undefined) return Buffer.alloc(0);
  return stamp(template, { channel, sequence: picture * 64, timestamp: picture * 9000, ssrc: 1 });
}
