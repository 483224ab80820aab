import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { FfmpegBuild, Source } from '../../shared/worker-protocol.js';

/** What a camera sends, packet by packet, without decoding it. */
export interface Survey {
  readonly codec: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly packets: number;
  readonly fps: number | null;
  /** Mean seconds from key frame to key frame; `null` when fewer than two came. */
  readonly keyFrameSeconds: number | null;
  /** How much of the stream was seen, seconds. */
  readonly seconds: number;
  readonly kbitPerSecond: number | null;
  /** RTP packets that FFmpeg missed. */
  readonly lostPackets: number;
}

/** Longest look: cameras with "smart" codecs may send a key frame every 10 s and more. */
export const SURVEY_MS = 12_000;
/** Enough: a shorter look would take a jitter for a rate. */
const ENOUGH_SECONDS = 3;
const ENOUGH_KEY_FRAMES = 3;
const KILL_AFTER_MS = 2000;

/** Collects the lines of FFmpeg's `framecrc` muxer: headers, then `stream, dts, pts, duration, size, checksum[, F=flags]`. */
export class SurveyLines {
  #codec: string | null = null;
  #size: readonly [number, number] | null = null;
  #timeBase = Number.NaN;
  readonly #times: number[] = [];
  readonly #keys: number[] = [];
  #packets = 0;
  #bytes = 0;
  #lost = 0;

  /** One line of standard output. */
  packetLine(line: string): void {
    const [, key, value = ''] = /^#(tb|codec_id|dimensions) 0: (\S+)$/.exec(line) ?? [];
    if (key === 'codec_id') this.#codec = value;
    else if (key === 'tb') this.#timeBase = ratio(value.split('/'));
    else if (key === 'dimensions') this.#size = sizeOf(value.split('x'));
    if (!/^0,/.test(line)) return;
    const [, dts = '', , , bytes = ''] = line.split(',');
    const time = Number(dts) * this.#timeBase;
    this.#packets++;
    this.#bytes += Number(bytes);
    if (!Number.isFinite(time)) return;
    this.#times.push(time);
    // Flags stand there only where they are others than "key frame".
    if (!line.includes('F=')) this.#keys.push(time);
  }

  /** One line of standard error. */
  complaintLine(line: string): void {
    this.#lost += Number(/RTP: missed (\d{1,9}) packets/.exec(line)?.[1] ?? 0);
  }

  get enough(): boolean {
    return this.#keys.length >= ENOUGH_KEY_FRAMES && span(this.#times) >= ENOUGH_SECONDS;
  }

  result(): Survey {
    const seconds = span(this.#times);
    const [width, height] = this.#size ?? [null, null];
    return {
      codec: this.#codec,
      width,
      height,
      packets: this.#packets,
      fps: seconds > 0 ? (this.#times.length - 1) / seconds : null,
      keyFrameSeconds: this.#keys.length > 1 ? span(this.#keys) / (this.#keys.length - 1) : null,
      seconds,
      kbitPerSecond: seconds > 0 ? (this.#bytes * 8) / 1000 / seconds : null,
      lostPackets: this.#lost,
    };
  }
}

const span = (times: readonly number[]): number => (times.at(-1) ?? 0) - (times[0] ?? 0);
const ratio = ([a, b]: string[]): number => Number(a) / Number(b);
const sizeOf = ([w, h]: string[]): [number, number] => [Number(w), Number(h)];

/** Lets FFmpeg copy the stream's packets until enough is known; resolves when it is gone. Never rejects. */
export function surveyStream(source: Source, build: FfmpegBuild, ioTimeoutMs: number): Promise<Survey> {
  const lines = new SurveyLines();
  const child = spawn(build.path, surveyArgs(source, build, ioTimeoutMs), {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const kill = setTimeout(() => child.kill('SIGKILL'), SURVEY_MS + KILL_AFTER_MS);
  const stop = setTimeout(() => child.kill('SIGTERM'), SURVEY_MS);
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.packetLine(line);
    if (lines.enough) child.kill('SIGTERM');
  });
  createInterface({ input: child.stderr }).on('line', (line) => lines.complaintLine(line));
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(kill);
      clearTimeout(stop);
      resolve(lines.result());
    };
    child.once('close', done).once('error', done);
  });
}

export function surveyArgs(
  source: Source,
  build: Pick<FfmpegBuild, 'avformat'>,
  ioTimeoutMs: number,
): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
    ...['-protocol_whitelist', 'rtsp,rtp,udp,tcp,tls,crypto'],
    ...['-rtsp_transport', source.transport, '-allowed_media_types', 'video'],
    // FFmpeg 4 calls it `stimeout`; microseconds.
    ...[build.avformat >= 59 ? '-timeout' : '-stimeout', String(ioTimeoutMs * 1000)],
    ...['-f', 'rtsp', '-i', source.url],
    ...['-map', '0:v:0', '-c', 'copy', '-flush_packets', '1', '-f', 'framecrc', 'pipe:1'],
  ];
}
