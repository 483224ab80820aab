import type { FromWorker } from '../shared/worker-protocol.js';
import type { RunEvents } from './camera-run.js';

/** A run that has a thread. */
export interface Running {
  readonly camera: string;
  /** Id of its thread; `null` before it has begun. */
  thread: number | null;
  readonly pids: Set<number>;
}

/** Hands a worker's message on. @param running kept up to date */
export function takeMessage(message: FromWorker, events: RunEvents, running: Running): void {
  switch (message.type) {
    case 'began':
      running.thread = message.thread;
      events.started();
      break;
    case 'frame':
      events.frame(message);
      break;
    case 'unit':
      events.unit(message);
      break;
    case 'stats':
      // First: what the counts mean for the camera's life depends on it.
      if (message.video) events.video(message.video);
      events.counters(message.counters);
      break;
    case 'spawned':
      running.pids.add(message.pid);
      break;
    case 'reaped':
      running.pids.delete(message.pid);
      break;
  }
}
