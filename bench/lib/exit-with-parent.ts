import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into the service with `--import`, its standard input a pipe of the parent: the kernel closes that pipe however the parent
 * ends, and then the service ends in its orderly way. Worker threads load it too; their standard input is nobody's.
 */
if (isMainThread)
  process.stdin.resume().once('close', () => {
    process.kill(process.pid, 'SIGTERM');
  });
