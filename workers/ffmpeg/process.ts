import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type FfmpegBuild, KILL_AFTER_MS } from '../../src/shared/worker-protocol.js';
import { FIRST_OUTPUT_FD, TIMES_FD } from './decode-args.js';
import type { FfmpegEnd } from './decoder-end.js';
import { closeBoth, openPipes, type Pipe } from './pipe.js';
import { StderrTail } from './stderr-tail.js';

/** Linux's ceiling for an unprivileged pipe; a frame that fits whole lets FFmpeg go on decoding while one is encoded. */
const MAX_PIPE_BYTES = 1 << 20;
/** Most key frames of a substream fit in at once. */
const INPUT_PIPE_BYTES = 256 * 1024;
const TIMES_PIPE_BYTES = 4096;
/** How long the end of the log may take to come after the end of the process, ms. */
const LOG_END_MS = 100;

/** The read end of one of the child's outputs: a pipe of ours, or a stream of Node's where there is no libc to be called. */
export type Output = { readonly pipe: Pipe } | { readonly stream: Readable };

/**
 * One FFmpeg process and its pipes. The ends that belong to the child are closed here as soon as it has them, so that end-of-file
 * means that it is gone.
 */
export class FfmpegProcess {
  /** Resolves when the process is reaped. Never rejects. */
  readonly ended: Promise<Omit<FfmpegEnd, 'framesSeen'>>;
  readonly input: Writable;
  /** Descriptor behind `input`; `null` where it is Node's. */
  readonly inputFd: number | null;
  readonly times: Output;
  readonly outputs: readonly Output[];
  readonly #child: ChildProcess;
  readonly #tail = new StderrTail();
  #stopping = false;

  /**
   * @param frameBytes of each output
   * @throws Error with a code of errno when the machine has no room for it
   */
  constructor(build: FfmpegBuild, args: readonly string[], frameBytes: readonly number[]) {
    const capacities = frameBytes.map((bytes) => Math.min(MAX_PIPE_BYTES, bytes));
    const pipes = openPipes([INPUT_PIPE_BYTES, TIMES_PIPE_BYTES, ...capacities]);
    const [input = null, times = null, ...outputs] = pipes;
    const stdio: StdioOptions = [input?.readFd ?? 'pipe', 'ignore', 'pipe'];
    for (const pipe of [times, ...outputs]) stdio.push(pipe?.writeFd ?? 'pipe');
    const [command = build.path, ...commandArgs] = [...build.launcher, build.path, ...args];
    try {
      this.#child = spawn(command, commandArgs, { stdio, env: childEnv(), windowsHide: true });
    } catch (error) {
      for (const pipe of pipes) if (pipe) closeBoth(pipe);
      throw error;
    }
    if (input) closeSync(input.readFd);
    for (const pipe of [times, ...outputs]) if (pipe) closeSync(pipe.writeFd);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#tail.push(text);
    });
    this.input = input ? new Socket({ fd: input.writeFd, readable: false, writable: true }) : this.#stream(0);
    // A broken pipe is told by the process's own end.
    this.input.on('error', () => undefined);
    this.inputFd = input?.writeFd ?? null;
    this.times = times ? { pipe: times } : { stream: this.#stream(TIMES_FD) };
    this.outputs = outputs.map((pipe, i) =>
      pipe ? { pipe } : { stream: this.#stream(FIRST_OUTPUT_FD + i) },
    );
    this.ended = this.#reap();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The end of its log so far, redacted. */
  get log(): string {
    return this.#tail.toString();
  }

  /** Asks the process to end, and makes it end. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    // FFmpeg looks at signals between reads only; the end of its input is what wakes it.
    this.input.destroy();
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    void this.ended.then(() => {
      clearTimeout(kill);
    });
  }

  /** Absent when the process could not be started: then its error follows. */
  #stream(fd: number): Socket {
    return (this.#child.stdio[fd] as Socket | null | undefined) ?? new Socket();
  }

  #reap(): Promise<Omit<FfmpegEnd, 'framesSeen'>> {
    return new Promise((resolve) => {
      const done = (exit: {
        code: number | null;
        signal: NodeJS.Signals | null;
        error: string | null;
      }): void => {
        this.input.destroy();
        this.#child.stderr?.destroy();
        const { code: exitCode, signal, error: spawnError } = exit;
        resolve({ exitCode, signal, spawnError, stderr: this.log });
      };
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        // Also emitted when a signal cannot be sent: then 'exit' still follows.
        if (this.pid === undefined) done({ code: null, signal: null, error: error.code ?? error.message });
      });
      this.#child.once('exit', (code, signal) => {
        // What it said last may still be unread, but a grandchild may hold the pipe open for ever.
        const late = setTimeout(end, LOG_END_MS);
        this.#child.stderr?.once('end', end);
        function end(): void {
          clearTimeout(late);
          done({ code, signal, error: null });
        }
      });
    });
  }
}

/** Nothing of the service's environment reaches FFmpeg but what a dynamic build may need to load. */
function childEnv(): NodeJS.ProcessEnv {
  const path = process.env['LD_LIBRARY_PATH'];
  return path === undefined ? {} : { LD_LIBRARY_PATH: path };
}
