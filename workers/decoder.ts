import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, readSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type FfmpegBuild, KILL_AFTER_MS } from '../src/shared/worker-protocol.js';
import { type DecodeJob, FIRST_OUTPUT_FD, ffmpegArgs } from './ffmpeg/args.js';
import { type FfmpegEnd, REDIRECT, REDIRECTING } from './ffmpeg/faults.js';
import { FrameAssembler } from './frame-assembler.js';
import { createFrameMemory, type FrameMemory } from './frame-memory.js';
import { duplicate, gather, openPipe, type Pipe, readInto } from './ffmpeg/pipe.js';
import { openGuardedPipe, RedirectGuard } from './ffmpeg/redirect-guard.js';
import { type SourceColours, SourceColoursReader } from './source-colours.js';
import { StderrTail } from './ffmpeg/stderr-tail.js';

const STDERR_READ_BYTES = 8192;

/** FFmpeg's stderr holds no more writes than this (`ROOMY` in redirect-guard.ts). */
const MOST_LAST_WORDS = 64;

/** Linux's ceiling for an unprivileged pipe; a frame that fits whole lets FFmpeg go on decoding while one is encoded. */
const MAX_PIPE_BYTES = 1 << 20;

export interface DecoderEvents {
  /** A whole frame of output `index` (the order of `job.sizes`), valid until that output's next frame is whole. */
  frame(index: number, frame: Uint8Array): void;
}

/**
 * One FFmpeg process and its descriptors.
 *
 * Child's descriptors: 0 and 1 /dev/null, 2 a pipe that is always drained into a bounded tail, 3.. one pipe for each output.
 * The write ends are closed here as soon as the child has them, so that end-of-file means that the child is gone.
 */
export class Decoder {
  /** Resolves when the process is reaped and its pipes are closed. Never rejects. */
  readonly ended: Promise<FfmpegEnd>;
  readonly #child: ChildProcess;
  readonly #tail = new StderrTail();
  readonly #source = new SourceColoursReader();
  /** Of planar outputs. */
  readonly #memories: (FrameMemory | null)[];
  readonly #assemblers: FrameAssembler[];
  readonly #sockets: Socket[] = [];
  readonly #startedAt = performance.now();
  #guard: RedirectGuard | null = null;
  /** Reads what FFmpeg wrote right before its end. */
  #readLastWords: () => void = () => undefined;
  #framesSeen = false;
  #stopping = false;

  /** @param args FFmpeg's arguments; a bench may put a file in the place of the camera */
  constructor(job: DecodeJob, build: FfmpegBuild, events: DecoderEvents, args = ffmpegArgs(job, build)) {
    this.#memories = job.sizes.map((s) =>
      job.pixels === 'yuv420p' ? createFrameMemory(s.width, s.height) : null,
    );
    this.#assemblers = job.sizes.map(
      (s, i) => new FrameAssembler(this.#memories[i]?.buffers ?? rgbBuffers(s)),
    );
    const pipes = this.#assemblers.map((a) => openPipe(Math.min(MAX_PIPE_BYTES, a.frameBytes)));
    const stderr = openGuardedPipe();
    const stdio: StdioOptions = [
      'ignore',
      'ignore',
      stderr?.writeFd ?? ('pipe' as const),
      ...pipes.map((p) => p?.writeFd ?? ('pipe' as const)),
    ];
    const [command, commandArgs] = commandLine(build, args);
    try {
      this.#child = spawn(command, commandArgs, { stdio, env: childEnv(), windowsHide: true });
    } finally {
      for (const pipe of [stderr, ...pipes]) if (pipe) closeSync(pipe.writeFd);
    }
    if (stderr) this.#readGuarded(stderr.readFd);
    else this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#wrote(text));
    pipes.forEach((pipe, index) => {
      this.#readOutput(pipe, index, events);
    });
    this.ended = this.#reap(job.ioTimeoutMs);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get framesSeen(): boolean {
    return this.#framesSeen;
  }

  /** Outputs that hold an unfinished frame: at the end of the process it is lost. */
  get partialFrames(): number {
    return this.#assemblers.filter((a) => a.partialBytes > 0).length;
  }

  /** Where the frames of output `index` lie; `null` for packed RGB. */
  memoryOf(index: number): FrameMemory | null {
    return this.#memories[index] ?? null;
  }

  /** How the frames are meant, as far as FFmpeg's log has been read. */
  get colours(): SourceColours {
    return this.#source.colours;
  }

  /** Asks the process to end, and makes it end. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    void this.ended.then(() => {
      clearTimeout(kill);
    });
  }

  /** Reads stderr write by write, so that FFmpeg can be stopped before it follows a redirect. */
  #readGuarded(readFd: number): void {
    const buffer = Buffer.allocUnsafe(STDERR_READ_BYTES);
    const decoder = new StringDecoder('utf8');
    const read = (count: number): void => {
      const text = decoder.write(buffer.subarray(0, count));
      this.#wrote(text);
      this.#guard?.wrote(text);
    };
    const socket = readInto(readFd, () => buffer, read);
    socket.on('error', () => undefined);
    this.#sockets.push(socket);
    const lastWordsFd = duplicate(readFd);
    this.#readLastWords = () => {
      if (lastWordsFd === null) return;
      this.#readLastWords = () => undefined;
      drain(lastWordsFd, buffer, read);
      closeSync(lastWordsFd);
    };
    const { pid } = this.#child;
    if (pid === undefined) return;
    this.#guard = new RedirectGuard(pid, readFd, socket, () => {
      this.#tail.push(`${REDIRECTING}\n`);
      this.#child.kill('SIGKILL');
    });
  }

  #wrote(text: string): void {
    this.#tail.push(text);
    this.#source.push(text);
    // Only the address that was judged may be dialled; without the guard this comes after the dialling.
    if (!this.#framesSeen && REDIRECT.test(text)) this.#child.kill('SIGKILL');
  }

  #readOutput(pipe: Pipe | null, index: number, events: DecoderEvents): void {
    const assembler = this.#assemblers[index];
    if (!assembler) return;
    const deliver = (frame: Uint8Array): void => {
      this.#framesSeen = true;
      this.#guard?.disarm();
      // While it stops, the pipe is still drained so that FFmpeg is not stuck in a write, but nothing is shown.
      if (!this.#stopping) events.frame(index, frame);
    };
    if (pipe) {
      const socket = readInto(
        pipe.readFd,
        () => assembler.space(),
        (count) => {
          const frame = assembler.filled(count);
          if (frame) deliver(frame);
          else gather();
        },
      );
      // A read error ends like end-of-file: the process's own end tells the reason.
      socket.on('error', () => undefined);
      this.#sockets.push(socket);
      return;
    }
    const stream = this.#child.stdio[FIRST_OUTPUT_FD + index] as Readable | null | undefined;
    stream
      ?.on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        assembler.push(chunk, deliver);
      });
  }

  #reap(ioTimeoutMs: number): Promise<FfmpegEnd> {
    return new Promise((resolve) => {
      const done = (
        exitCode: number | null,
        signal: NodeJS.Signals | null,
        spawnError: string | null,
      ): void => {
        this.#guard?.disarm();
        this.#readLastWords();
        for (const socket of this.#sockets) socket.destroy();
        this.#child.stderr?.destroy();
        resolve({
          exitCode,
          signal,
          spawnError,
          stderr: this.#tail.toString(),
          framesSeen: this.#framesSeen,
          timedOut: performance.now() - this.#startedAt >= ioTimeoutMs,
        });
      };
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        // Also emitted when a signal cannot be sent: then 'exit' still follows.
        if (this.#child.pid === undefined) done(null, null, error.code ?? error.message);
      });
      this.#child.once('exit', (code, signal) => {
        // 'exit' may come before the last stderr where Node reads it; 'close' would wait for grandchildren as well.
        setImmediate(() => {
          done(code, signal, null);
        });
      });
    });
  }
}

/**
 * Reads what is left in a pipe of packets. libuv does not: it takes a read that does not fill its buffer for the last one when
 * the writer is gone, and a packet never fills it.
 */
function drain(fd: number, buffer: Uint8Array, read: (count: number) => void): void {
  try {
    for (let packets = 0; packets < MOST_LAST_WORDS; packets++) {
      const count = readSync(fd, buffer);
      if (count === 0) return;
      read(count);
    }
  } catch {
    // EAGAIN: nothing is left, but somebody else still has the pipe open.
  }
}

const rgbBuffers = ({ width, height }: { width: number; height: number }): [Uint8Array, Uint8Array] => [
  new Uint8Array(width * height * 3),
  new Uint8Array(width * height * 3),
];

/** Through `setpriv` where it is there: the kernel then kills FFmpeg when this thread is gone, however it went. */
function commandLine(build: FfmpegBuild, args: string[]): [string, string[]] {
  if (build.setpriv === null) return [build.path, args];
  return [build.setpriv, ['--pdeathsig', 'KILL', '--', build.path, ...args]];
}

/** Nothing of the service's environment reaches FFmpeg but what a dynamic build may need to load. */
function childEnv(): NodeJS.ProcessEnv {
  const path = process.env['LD_LIBRARY_PATH'];
  return path === undefined ? {} : { LD_LIBRARY_PATH: path };
}
