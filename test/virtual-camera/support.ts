import bundled from '@ffmpeg-installer/ffmpeg';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { startCameras, type CameraOptions, type VirtualCameras } from '../../bench/virtual-camera/index.js';

/** Small clips that are encoded in no time, with ten key frames a second and a loop within one second. */
export const QUICK = { gop: 5, clipFrames: 40, fps: 50 } as const;

export async function cameras(t: TestContext, options: Partial<CameraOptions> = {}): Promise<VirtualCameras> {
  const set = await startCameras({ ...QUICK, ...options });
  t.after(() => set.stop());
  return set;
}

export interface Decoder {
  readonly path: string;
  /** For tests' names. */
  readonly name: string;
  /** Options that keep it from repeating or dropping pictures; they differ by generation. */
  readonly passthrough: readonly string[];
}

export const bundledDecoder: Decoder = {
  path: bundled.path,
  name: 'the bundled FFmpeg',
  passthrough: ['-vsync', '0'],
};

/** The bundled FFmpeg, and the one on PATH if there is one. */
export function decoders(): Decoder[] {
  try {
    const help = execFileSync('ffmpeg', ['-hide_banner', '-h', 'long'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const passthrough = help.includes('fps_mode') ? ['-fps_mode', 'passthrough'] : ['-vsync', '0'];
    return [bundledDecoder, { path: 'ffmpeg', name: 'the FFmpeg on PATH', passthrough }];
  } catch {
    return [bundledDecoder];
  }
}

/** A real FFmpeg that turns a camera's stream into small JPEGs. */
export interface Grabber {
  readonly jpegs: Buffer[];
  /** Fulfilled when `ready` holds, looked at whenever something has come; rejected when FFmpeg ends before. */
  until(ready: () => boolean): Promise<void>;
  readonly numbers: (number | null)[];
  readonly stderr: string;
}

export function grab(t: TestContext, decoder: Decoder, url: string, transport: 'tcp' | 'udp'): Grabber {
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-fflags', 'nobuffer', '-flags', 'low_delay'],
    ...['-probesize', '32', '-analyzeduration', '0', '-rtsp_transport', transport, '-i', url],
    ...[
      ...decoder.passthrough,
      '-vf',
      'scale=320:180',
      '-c:v',
      'mjpeg',
      '-q:v',
      '12',
      '-f',
      'image2pipe',
      '-',
    ],
  ];
  const child = spawn(decoder.path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const jpegs: Buffer[] = [];
  const numbers: (number | null)[] = [];
  let pending = Buffer.alloc(0);
  let stderr = '';
  const waiting = new Set<() => void>();
  const look = (): void => waiting.forEach((fn) => fn());
  child.stdout.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let end = pending.indexOf('ffd9', 0, 'hex'); end >= 0; end = pending.indexOf('ffd9', 0, 'hex')) {
      const jpeg = pending.subarray(0, end + 2);
      jpegs.push(jpeg);
      numbers.push(frameNumberOfJpeg(jpeg));
      pending = pending.subarray(end + 2);
    }
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  let ended = false;
  child.once('close', () => {
    ended = true;
    look();
  });
  return {
    jpegs,
    numbers,
    get stderr() {
      return stderr;
    },
    until: (ready) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!ready() && !ended) return;
          waiting.delete(check);
          if (ready()) resolve();
          else reject(new Error(`FFmpeg ended: ${stderr}`));
        };
        waiting.add(check);
        check();
      }),
  };
}

export interface RtspAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Packet {
  readonly channel: number;
  readonly data: Buffer;
}

/** An RTSP client on a raw socket, for what FFmpeg does not show. */
export class RawClient {
  readonly answers: RtspAnswer[] = [];
  readonly packets: Packet[] = [];
  /** Code of the socket's error, or '' for an orderly end; undefined while it is open. */
  ended: string | undefined;
  /** What has arrived and is no whole message yet. */
  pending: Buffer = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();
  readonly #socket: Socket;
  readonly #url: string;
  #cseq = 0;

  constructor(t: TestContext, url: string) {
    const { hostname, port, pathname } = new URL(url);
    this.#url = `rtsp://${hostname}:${port}${pathname}`;
    this.#socket = connect(Number(port), hostname);
    t.after(() => this.#socket.destroy());
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => (this.ended = error.code ?? 'error'));
    this.#socket.on('close', () => {
      this.ended ??= '';
      this.#look();
    });
  }

  /** Waits until `ready` holds; asked again whenever something has arrived. */
  until(ready: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!ready() && this.ended === undefined) return;
        this.#waiting.delete(check);
        if (ready()) resolve();
        else reject(new Error(`connection ended: ${this.ended ?? ''}`));
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Sends a request without waiting. @returns its CSeq. */
  send(method: string, headers: Record<string, string> = {}, suffix = ''): string {
    const cseq = String(++this.#cseq);
    const lines = Object.entries({ CSeq: cseq, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`${method} ${this.#url}${suffix} RTSP/1.0\r\n${lines.join('')}\r\n`);
    return cseq;
  }

  async request(method: string, headers: Record<string, string> = {}, suffix = ''): Promise<RtspAnswer> {
    const cseq = this.send(method, headers, suffix);
    const mine = (): RtspAnswer | undefined =>
      this.answers.find((answer) => answer.headers.get('cseq') === cseq);
    await this.until(() => mine() !== undefined);
    const answer = mine();
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  /** DESCRIBE, SETUP over TCP and PLAY; gives the answer to PLAY. */
  async play(): Promise<RtspAnswer> {
    await this.request('DESCRIBE');
    await this.request('SETUP', { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' }, '/trackID=0');
    return this.request('PLAY');
  }

  get rtp(): Buffer[] {
    return this.packets.filter((packet) => packet.channel === 0).map((packet) => packet.data);
  }

  /** RTP timestamps of the pictures that have begun, in order. */
  get timestamps(): number[] {
    return [...new Set(this.rtp.map((packet) => packet.readUInt32BE(4)))];
  }

  stopReading(): void {
    this.#socket.pause();
  }

  #look(): void {
    this.#waiting.forEach((fn) => fn());
  }

  #receive(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    for (let used = this.#take(); used > 0; used = this.#take()) this.pending = this.pending.subarray(used);
    this.#look();
  }

  #take(): number {
    if (this.pending[0] === 0x24) {
      const length = this.pending.length < 4 ? Infinity : 4 + this.pending.readUInt16BE(2);
      if (this.pending.length < length) return 0;
      this.packets.push({ channel: this.pending[1] ?? 0, data: this.pending.subarray(4, length) });
      return length;
    }
    const end = this.pending.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const [first = '', ...lines] = this.pending.toString('latin1', 0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*: */, '')]),
    );
    const length = end + 4 + Number(headers.get('content-length') ?? 0);
    if (this.pending.length < length) return 0;
    const status = Number(first.split(' ')[1]);
    this.answers.push({ status, headers, body: this.pending.toString('latin1', end + 4, length) });
    return length;
  }
}

/** NAL units out of RTP packets (RFC 6184: single NAL units and FU-A). */
export function depacketise(packets: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  let parts: Buffer[] = [];
  for (const packet of packets) {
    const payload = packet.subarray(12);
    const [indicator = 0, header = 0] = payload;
    if ((indicator & 0x1f) !== 28) {
      nals.push(payload);
      continue;
    }
    if ((header & 0x80) !== 0) parts = [Buffer.of((indicator & 0xe0) | (header & 0x1f))];
    parts.push(payload.subarray(2));
    if ((header & 0x40) !== 0) nals.push(Buffer.concat(parts));
  }
  return nals;
}
