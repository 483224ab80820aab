import { getPriority, setPriority } from 'node:os';
import { restrictThread } from '../src/shared/landlock.js';
import { type CameraTask, type RunEnd, TAKEN_NOBODY } from '../src/shared/worker-protocol.js';

/**
 * Decoding yields to the main thread. A machine with too many cameras has a hundred FFmpegs that want to decode; as one among
 * them the main thread would send late, and see too late that cameras fall behind. On Linux this sets the calling thread and the
 * FFmpegs that it starts; elsewhere it would be the whole process.
 */
const DECODER_NICE = 5;
if (process.platform === 'linux') yieldToOthers();

function yieldToOthers(): void {
  try {
    // Less than the present value needs privileges.
    if (getPriority() < DECODER_NICE) setPriority(DECODER_NICE);
  } catch {
    // Some sandboxes allow no priorities at all. It is an improvement, and cameras work without it.
  }
}

/**
 * Loaded behind the change of priority: most of a thread's start is the loading of these modules, and whoever opens cameras must not
 * slow the main thread by it.
 */
const { CameraRun } = await import('./camera-run.js');

let isRestricted = false;

/** For the sake of the FFmpegs that it starts. It writes no file itself; what Node writes for it, other threads write. */
function restrictOnce(): void {
  if (!isRestricted) restrictThread();
  isRestricted = true;
}

/**
 * The task of one camera run: RTSP -> FFmpeg -> frames -> JPEGs -> port, until the session ends or the supervisor says stop.
 * Everything that it started is gone when the promise resolves: the thread goes on, with other runs.
 */
export default function runCamera(task: CameraTask): Promise<RunEnd> {
  const isAbandoned = Atomics.load(new Int32Array(task.taken), TAKEN_NOBODY) === 1;
  if (isAbandoned) {
    task.port.close();
    return Promise.resolve({ code: 'stopped' });
  }
  if (task.ffmpeg.confinement.noChanges) restrictOnce();
  return new CameraRun(task).ended;
}
