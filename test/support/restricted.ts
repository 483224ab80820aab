import { spawnSync } from 'node:child_process';
import { parentPort, workerData } from 'node:worker_threads';
import { restrictThread } from '../../src/shared/landlock.js';

/** A worker that restricts itself as camera workers do, and runs shell commands. Answers whether it holds, and their exit codes. */

const { launcher, commands } = workerData as { launcher: readonly string[]; commands: readonly string[] };
const holds = restrictThread();
const codes = commands.map((command) => spawnSync('env', [...launcher, '/bin/sh', '-c', command]).status);
parentPort?.postMessage({ holds, codes });
