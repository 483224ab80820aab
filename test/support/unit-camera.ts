import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { epochMs } from '../../src/shared/clock.js';
import { RtspReader } from '../../src/rtsp/messages/message-reader.js';
import { headerOf, responseText, type RtspRequest } from '../../src/rtsp/messages/message-syntax.js';
import { packetiseNals, rtp, STREAM } from '../rtp/packetise.js';

/** A camera that sends just the pictures that a test gives it, when the test does; over TCP. It ends with the test. */

const TICKS_PER_MS = 90;

export interface UnitCameraOptions {
  readonly codec: 'h264' | 'h265';
  /** For the SDP; without, it names none. */
  readonly parameterSets?: readonly Uint8Array[];
}

interface Client {
  readonly socket: Socket;
  isPlaying: boolean;
  sequence: number;
}

export class UnitCamera {
  /** Sessions that were begun. */
  sessions = 0;
  readonly #clients = new Set<Client>();
  #timer: NodeJS.Timeout | null = null;

  private constructor(
    private options: UnitCameraOptions,
    private readonly server: Server,
  ) {}

  static async start(t: Pick<TestContext, 'after'>, options: UnitCameraOptions): Promise<UnitCamera> {
    const server = createServer();
    const camera = new UnitCamera(options, server);
    server.on('connection', (socket: Socket) => {
      camera.#connected(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      if (camera.#timer) clearTimeout(camera.#timer);
      for (const { socket } of camera.#clients) socket.destroy();
      server.close();
    });
    return camera;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${(this.server.address() as AddressInfo).port}/live`;
  }

  /** Its settings are changed: it ends all sessions, and describes itself anew from now on. */
  change(options: UnitCameraOptions): void {
    this.options = options;
    if (this.#timer) clearTimeout(this.#timer);
    for (const { socket } of this.#clients) socket.destroy();
  }

  /** Who plays now. */
  get clients(): number {
    return [...this.#clients].filter(({ isPlaying }) => isPlaying).length;
  }

  /**
   * Sends one picture to all who play.
   * @param mediaMs when it was taken, by the camera's clock
   * @param isLost its packets get lost on their way
   * @returns when it was sent: Unix epoch, ms
   */
  send(nals: readonly Uint8Array[], mediaMs: number, isLost = false): number {
    const packets = packetiseNals(nals, Math.round(mediaMs * TICKS_PER_MS), {
      codec: this.options.codec,
      mtu: 1400,
    });
    for (const client of this.#clients) {
      if (!client.isPlaying) continue;
      if (isLost) client.sequence += packets.length;
      else this.#deliver(client, packets);
    }
    return epochMs();
  }

  /**
   * Sends pictures in turn at this rate, whoever watches.
   * @param sent is called with the index of each
   * @param lost indices of pictures that get lost
   * @param order place on the display of the picture with an index
   */
  run(
    pictures: readonly (readonly Uint8Array[])[],
    fps: number,
    sent: (index: number) => void,
    lost: ReadonlySet<number> = new Set(),
    order = (picture: number): number => picture,
  ): void {
    const begin = performance.now();
    let index = 0;
    const next = (): void => {
      const nals = pictures[index];
      if (!nals) return;
      this.send(nals, (order(index) * 1000) / fps, lost.has(index));
      sent(index++);
      this.#timer = setTimeout(next, Math.max(0, begin + (index * 1000) / fps - performance.now()));
    };
    next();
  }

  #deliver(client: Client, packets: ReturnType<typeof packetiseNals>): void {
    for (const packet of packets) {
      const bytes = rtp(packet, client.sequence++, STREAM);
      client.socket.write(Buffer.concat([Buffer.of(0x24, 0, bytes.length >> 8, bytes.length & 255), bytes]));
    }
  }

  #connected(socket: Socket): void {
    // Otherwise a picture's last packet waits for the acknowledgement of the others.
    socket.setNoDelay();
    const client: Client = { socket, isPlaying: false, sequence: STREAM.sequence };
    this.#clients.add(client);
    const reader = new RtspReader({
      message: (message) => {
        if (message.kind === 'request') this.#answer(client, message);
      },
      packet: () => undefined,
    });
    socket.on('data', (chunk) => {
      reader.push(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#clients.delete(client));
  }

  #answer(client: Client, request: RtspRequest): void {
    const headers: Record<string, string> = { Session: '1' };
    let body = '';
    if (request.method === 'DESCRIBE') {
      headers['Content-Type'] = 'application/sdp';
      body = this.#description();
    }
    if (request.method === 'SETUP') {
      this.sessions++;
      headers['Transport'] = headerOf(request, 'transport') ?? '';
    }
    client.socket.write(Buffer.from(responseText(request, 200, 'OK', headers, body), 'latin1'));
    if (request.method === 'PLAY') client.isPlaying = true;
    if (request.method === 'TEARDOWN') client.isPlaying = false;
  }

  #description(): string {
    const { codec, parameterSets = [] } = this.options;
    const sets = parameterSets.map((set) => Buffer.from(set).toString('base64'));
    const [vps = '', sps = '', pps = ''] = sets;
    const h265 = sets.length === 0 ? '' : `sprop-vps=${vps};sprop-sps=${sps};sprop-pps=${pps}`;
    const h264 = `packetization-mode=1${sets.length === 0 ? '' : `;sprop-parameter-sets=${sets.join(',')}`}`;
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=test',
      't=0 0',
      `m=video 0 RTP/AVP ${STREAM.payloadType}`,
      `a=rtpmap:${STREAM.payloadType} ${codec === 'h264' ? 'H264' : 'H265'}/90000`,
      `a=fmtp:${STREAM.payloadType} ${codec === 'h264' ? h264 : h265}`,
      'a=control:track',
      '',
    ].join('\r\n');
  }
}
