import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { accepts, challenge, type Credentials } from './auth.js';
import type { Camera } from './camera.js';
import { statusFor } from './faults.js';
import type { AuthMode } from './options.js';
import { cameraNameOf, rtspResponse, RtspParser, type RtspRequest } from './rtsp-parser.js';
import { parseTransport } from './rtsp-transport.js';
import { CONTROL, sessionDescription } from './sdp.js';
import { tcpSink, udpSink, type MediaSink, type UdpPair } from './sink.js';
import { Viewer } from './viewer.js';

/** What a connection needs of the server around it. */
export interface ConnectionHost {
  readonly auth: AuthMode;
  readonly credentials: Credentials;
  camera(name: string): Camera | undefined;
  udp(): Promise<UdpPair>;
  /** A viewer began to play. */
  wake(): void;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Done once the answer is on its way. */
  readonly after?: () => void;
}

const METHODS = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN';

/**
 * One client's RTSP connection: session state, and the way to its viewer. A session lives as long as its connection;
 * its timeout (60 s) is announced but not enforced.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #parser = new RtspParser();
  readonly #nonce = randomBytes(16).toString('hex');
  readonly #session = randomBytes(4).toString('hex');
  #camera: Camera | undefined;
  #sink: MediaSink | undefined;
  #viewer: Viewer | undefined;
  /** Requests are answered in order, also when one of them must wait for a port. */
  #queue: Promise<void> = Promise.resolve();

  /** @param owner the camera that this port belongs to alone. */
  constructor(socket: Socket, host: ConnectionHost, owner: Camera | undefined) {
    this.#socket = socket;
    this.#host = host;
    if (owner !== undefined) this.#meet(owner);
    socket.setNoDelay(true);
    // An error is followed by close, which is where things are put away.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#stop());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  /** The camera that this connection has named, if any. */
  get camera(): Camera | undefined {
    return this.#camera;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const request of this.#parser.push(chunk)) {
        this.#queue = this.#queue.then(() => this.#handle(request)).catch(() => this.destroy());
      }
    } catch {
      this.destroy();
    }
  }

  #meet(camera: Camera): void {
    if (this.#camera === camera) return;
    this.#camera = camera;
    camera.contacts.connections++;
  }

  async #handle(request: RtspRequest): Promise<void> {
    const answer = await this.#answerTo(request);
    if (answer === null || !this.#socket.writable) return;
    this.#socket.write(rtspResponse(request, answer.status, answer.headers, answer.body), 'latin1');
    answer.after?.();
  }

  /** null: no answer at all. */
  #answerTo(request: RtspRequest): Answer | null | Promise<Answer | null> {
    const camera = this.#host.camera(cameraNameOf(request.uri)) ?? this.#camera;
    if (camera !== undefined) this.#meet(camera);
    if (camera?.fault?.kind === 'silent') return null;
    if (request.method === 'OPTIONS') return { status: 200, headers: { Public: METHODS } };
    if (request.method === 'DESCRIBE' && camera !== undefined) camera.contacts.describes++;
    const status = this.#refusal(request, camera);
    if (status === 401) return { status, headers: { 'WWW-Authenticate': this.#challenge() } };
    if (status !== null || camera === undefined) return { status: status ?? 404 };
    const session = { Session: this.#session };
    switch (request.method) {
      case 'DESCRIBE':
        return this.#describe(request, camera);
      case 'SETUP':
        return this.#setup(request);
      case 'PLAY':
        return this.#play(request, camera);
      case 'PAUSE':
        this.#stop();
        return { status: 200, headers: session };
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return { status: 200, headers: session };
      case 'TEARDOWN':
        this.#stop();
        return { status: 200, headers: session, after: () => this.#socket.end() };
      default:
        return { status: 501 };
    }
  }

  /** Status of a request that may not or, by the camera's fault, shall not succeed. */
  #refusal(request: RtspRequest, camera: Camera | undefined): number | null {
    const fault = camera?.fault ?? null;
    if (fault?.kind === 'bad-auth') return 401;
    const { auth, credentials } = this.#host;
    const header = headerOf(request, 'authorization') ?? undefined;
    if (auth !== 'none' && !accepts(auth, header, request.method, this.#nonce, credentials)) return 401;
    return statusFor(fault, request.method, camera?.clients ?? 0);
  }

  #challenge(): string {
    const { auth } = this.#host;
    return challenge(auth === 'none' ? 'digest' : auth, this.#nonce);
  }

  #describe(request: RtspRequest, camera: Camera): Answer {
    if (camera.fault?.kind === 'redirect') return { status: 302, headers: { Location: camera.fault.url } };
    const { sps, pps, spec } = camera.clip;
    const host = this.#socket.localAddress ?? '127.0.0.1';
    const body = sessionDescription(host, camera.name, { sps, pps, fps: spec.fps, bitrate: spec.bitrate });
    const base = `${request.uri.replace(/\/$/, '')}/`;
    return { status: 200, headers: { 'Content-Base': base, 'Content-Type': 'application/sdp' }, body };
  }

  async #setup(request: RtspRequest): Promise<Answer | null> {
    if (this.#viewer !== undefined) return { status: 455 };
    const wanted = parseTransport(headerOf(request, 'transport') ?? '');
    if (wanted === null) return { status: 461 };
    const Session = `${this.#session};timeout=60`;
    if (wanted.kind === 'tcp') {
      this.#sink = tcpSink(this.#socket, wanted.channel);
      const Transport = `RTP/AVP/TCP;unicast;interleaved=${wanted.channel}-${wanted.channel + 1}`;
      return { status: 200, headers: { Session, Transport } };
    }
    const pair = await this.#host.udp();
    const address = this.#socket.remoteAddress;
    if (address === undefined) return null;
    const { rtpPort, rtcpPort } = wanted;
    this.#sink = udpSink(pair, { address, rtpPort, rtcpPort }, this.#socket);
    const ports = `client_port=${rtpPort}-${rtcpPort};server_port=${pair.rtpPort}-${pair.rtpPort + 1}`;
    return { status: 200, headers: { Session, Transport: `RTP/AVP/UDP;unicast;${ports}` } };
  }

  #play(request: RtspRequest, camera: Camera): Answer {
    const headers = { Session: this.#session, Range: 'npt=now-' };
    if (this.#viewer !== undefined) return { status: 200, headers };
    if (this.#sink === undefined) return { status: 454 };
    const viewer = new Viewer(this.#sink);
    this.#viewer = viewer;
    const control = `${request.uri.replace(/\/$/, '')}/${CONTROL}`;
    const start = `seq=${viewer.sequence};rtptime=${viewer.timestamp(camera.nextKeyTicks())}`;
    const after = (): void => {
      camera.add(viewer);
      this.#host.wake();
    };
    return { status: 200, headers: { ...headers, 'RTP-Info': `url=${control};${start}` }, after };
  }

  #stop(): void {
    if (this.#viewer !== undefined) this.#camera?.remove(this.#viewer);
    this.#viewer = undefined;
  }
}
