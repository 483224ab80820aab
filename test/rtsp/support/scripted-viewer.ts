import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import type { Clip } from '../../../bench/virtual-camera/clip.js';
import { packetsOf, stamp } from '../../../bench/virtual-camera/rtp.js';

/** An answer to a request: a status, with headers and a body where they matter, or the bytes as they shall be sent. */
export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a viewer needs of its camera. */
interface Watchable {
  readonly clip: Clip;
  readonly udp: readonly [UdpSocket, UdpSocket];
  readonly setup: { readonly fps?: number; readonly serverPorts?: string };
  sessions: number;
}

/** One client that watches. */
export class ScriptedViewer {
  #udpPort: number | null = null;
  #channel = 0;
  #isSetUp = false;
  #timer: NodeJS.Timeout | null = null;
  #picture = 0;
  #sequence = 65_000;

  constructor(
    readonly camera: Watchable,
    readonly socket: Socket,
  ) {}

  setUp(transport: string, session: Record<string, string>): Answer {
    if (!this.#isSetUp) this.camera.sessions++;
    this.#isSetUp = true;
    const [rtp, rtcp] = this.camera.udp.map((socket) => socket.address().port);
    const client = /client_port=(\d+)-(\d+)/.exec(transport);
    this.#udpPort = client ? Number(client[1]) : null;
    this.#channel = Number(/interleaved=(\d+)/.exec(transport)?.[1] ?? 0);
    const chosen = client
      ? `RTP/AVP;unicast;${client[0]}${this.camera.setup.serverPorts ?? `;server_port=${rtp ?? 0}-${rtcp ?? 0}`}`
      : `RTP/AVP/TCP;unicast;interleaved=${this.#channel}-${this.#channel + 1}`;
    return { status: 200, headers: { ...session, Transport: chosen } };
  }

  play(): void {
    if (this.socket.destroyed) return;
    const { fps = 25 } = this.camera.setup;
    if (fps > 0) this.#timer ??= setInterval(() => this.#send(), 1000 / fps);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#isSetUp) this.camera.sessions--;
    this.#isSetUp = false;
  }

  #send(): void {
    const { pictures } = this.camera.clip;
    const template = pictures[this.#picture % pictures.length];
    if (!template) return;
    const timestamp = 4_294_000_000 + this.#picture++ * 3600;
    const values = { channel: this.#channel, sequence: this.#sequence, timestamp, ssrc: 0x1234 };
    const bytes = stamp(template, values);
    this.#sequence += template.offsets.length - 1;
    if (this.#udpPort === null) {
      this.socket.write(bytes);
      return;
    }
    for (const packet of packetsOf(template.offsets, bytes))
      this.camera.udp[0].send(packet.subarray(4), this.#udpPort, this.socket.remoteAddress ?? '');
  }
}
