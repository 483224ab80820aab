import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TestContext } from 'node:test';
import { ClipStore, type Clip } from '../../../bench/virtual-camera/clip.js';
import { sessionDescription } from '../../../bench/virtual-camera/sdp.js';
import { RtspReader } from '../../../src/rtsp/messages/message-reader.js';
import { headerOf, responseText, type RtspRequest } from '../../../src/rtsp/messages/message-syntax.js';
import { answered, type Login } from './digest-check.js';
import { ScriptedViewer, type Answer } from './scripted-viewer.js';

export type { Answer };

/** What a script sees of the connection that a request came on. */
export interface Talk {
  readonly camera: ScriptedCamera;
  readonly socket: Socket;
  /** Requests on this connection, this one included. */
  readonly requests: readonly RtspRequest[];
  /** Begins to send pictures on the transport that SETUP has chosen. */
  readonly play: () => void;
  /** Sends bytes as they are. */
  readonly send: (bytes: string | Uint8Array) => void;
}

type Reply = Answer | string | null;

/** By method: what to answer instead of the plain thing. `undefined`: the plain thing; null: nothing; a string: these bytes. */
export type Script = Readonly<
  Record<
    string,
    ((request: RtspRequest, talk: Talk) => Reply | undefined | Promise<Reply | undefined>) | undefined
  >
>;

export interface CameraSetup {
  readonly script?: Script;
  readonly login?: Login;
  /** WWW-Authenticate headers; called for each request that is asked for credentials, with how many there were before. */
  readonly challenges?: (count: number) => readonly string[];
  /** Ends a nonce's life: asked before each request. */
  readonly expires?: (request: RtspRequest, camera: ScriptedCamera) => boolean;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Pictures a second; 25 unless given. 0: none. */
  readonly fps?: number;
  /** Session header of SETUP's answer. */
  readonly session?: string | null;
  /** In the place of `;server_port=...` in SETUP's answer for UDP. */
  readonly serverPorts?: string;
  /** `a=` and `m=` lines instead of the plain description. */
  readonly sdp?: (plain: string) => string;
  /** Address to listen on. */
  readonly host?: string;
}

const clips = new ClipStore(() => undefined);

/** 160x96 at 25 pictures a second, a key frame every 12, the number in the picture. */
const testClip = (): Promise<Clip> =>
  clips.get({
    width: 160,
    height: 96,
    fps: 25,
    gop: 12,
    bitrate: 200_000,
    clipFrames: 48,
    pattern: 'testsrc2',
    noise: 0,
    matrix: null,
  });

/** A camera that does what a test tells it, and else what a plain one does. It ends with the test. */
export class ScriptedCamera {
  readonly requests: RtspRequest[] = [];
  /** By method. */
  readonly authorizations: (string | null)[] = [];
  readonly sockets = new Set<Socket>();
  /** TLS server names. */
  readonly serverNames: (string | false)[] = [];
  /** Interleaved packets and datagrams from the client, with their channel; on UDP 0 and 1. */
  readonly packets: { channel: number; packet: Buffer }[] = [];
  connections = 0;
  /** Sessions that were set up and not torn down. */
  sessions = 0;
  readonly #viewers = new Set<ScriptedViewer>();
  #open: readonly string[] = [];
  #challenged = 0;

  private constructor(
    readonly setup: CameraSetup,
    readonly clip: Clip,
    readonly server: Server,
    readonly udp: readonly [UdpSocket, UdpSocket],
  ) {}

  static async start(t: TestContext, setup: CameraSetup = {}): Promise<ScriptedCamera> {
    const clip = await testClip();
    const host = setup.host ?? '127.0.0.1';
    const server = setup.tls ? createTlsServer({ ...setup.tls }) : createServer();
    const family = isIPv6(host) ? 'udp6' : 'udp4';
    const udp = [createSocket(family), createSocket(family)] as const;
    for (const socket of udp) {
      socket.bind(0, host);
      await once(socket, 'listening');
    }
    const camera = new ScriptedCamera(setup, clip, server, udp);
    server.on(setup.tls ? 'secureConnection' : 'connection', (socket: Socket) => camera.#connected(socket));
    udp.forEach((socket, channel) =>
      socket.on('message', (packet) => camera.packets.push({ channel, packet })),
    );
    server.listen(0, host);
    await once(server, 'listening');
    t.after(() => {
      for (const viewer of camera.#viewers) viewer.stop();
      for (const socket of camera.sockets) socket.destroy();
      for (const socket of udp) socket.close();
      server.close();
    });
    return camera;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  methods(): string[] {
    return this.requests.map(({ method }) => method);
  }

  #connected(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    if ('servername' in socket) this.serverNames.push(socket.servername as string | false);
    const viewer = new ScriptedViewer(this, socket);
    this.#viewers.add(viewer);
    let queue = Promise.resolve();
    const requests: RtspRequest[] = [];
    const reader = new RtspReader({
      message: (message) => {
        if (message.kind !== 'request') return;
        requests.push(message);
        queue = queue
          .then(() => this.#handle(message, viewer, [...requests]))
          .catch(() => void socket.destroy());
      },
      packet: (channel, packet) => this.packets.push({ channel, packet: Buffer.from(packet) }),
    });
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      viewer.stop();
      this.#viewers.delete(viewer);
      this.sockets.delete(socket);
    });
  }

  async #handle(
    request: RtspRequest,
    viewer: ScriptedViewer,
    requests: readonly RtspRequest[],
  ): Promise<void> {
    this.requests.push(request);
    this.authorizations.push(headerOf(request, 'authorization'));
    const { socket } = viewer;
    const talk: Talk = {
      camera: this,
      socket,
      requests,
      play: () => viewer.play(),
      send: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    };
    const scripted =
      this.#unauthorized(request) ?? (await this.setup.script?.[request.method]?.(request, talk));
    const reply = scripted === undefined ? this.#plain(request, viewer) : scripted;
    if (reply === null || socket.destroyed) return;
    if (typeof reply === 'string') talk.send(reply);
    else {
      const { status, reason = status === 200 ? 'OK' : 'Status', headers = {}, body = '' } = reply;
      talk.send(responseText(request, status, reason, headers, body));
      if (request.method === 'PLAY' && status === 200) viewer.play();
    }
  }

  #unauthorized(request: RtspRequest): string | undefined {
    const { login, challenges = () => ['Digest realm="cam", nonce="n1"'], expires } = this.setup;
    if (login === undefined) return undefined;
    const authorization = headerOf(request, 'authorization');
    const isExpired = expires?.(request, this) ?? false;
    const right = answered(authorization, request.method, request.uri, this.#open, login);
    if (right !== null && !isExpired) return undefined;
    this.#open = challenges(this.#challenged++);
    const lines = this.#open.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`).join('');
    return `RTSP/1.0 401 Unauthorized\r\nCSeq: ${headerOf(request, 'cseq') ?? ''}\r\n${lines}\r\n`;
  }

  #plain(request: RtspRequest, viewer: ScriptedViewer): Answer {
    const session: Record<string, string> =
      this.setup.session === null ? {} : { Session: this.setup.session ?? '12345678;timeout=60' };
    switch (request.method) {
      case 'OPTIONS':
        return {
          status: 200,
          headers: { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN' },
        };
      case 'DESCRIBE': {
        const { sps, pps } = this.clip;
        const plain = sessionDescription('127.0.0.1', 'cam', { sps, pps, fps: 25, bitrate: 200_000 });
        const headers = { 'Content-Base': `${request.uri}/`, 'Content-Type': 'application/sdp' };
        return { status: 200, headers, body: this.setup.sdp?.(plain) ?? plain };
      }
      case 'SETUP':
        return viewer.setUp(headerOf(request, 'transport') ?? '', session);
      case 'TEARDOWN':
        viewer.stop();
        return { status: 200 };
      default:
        return { status: 200, headers: session };
    }
  }
}
