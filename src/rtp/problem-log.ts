import type { AccessUnit } from '../video/access-unit.js';
import type { RtpProblem, RtpSink } from './rtp-sink.js';

/** Passes everything on, but each kind of problem only once. */
export class ProblemLog implements RtpSink {
  readonly #told = new Set<RtpProblem['kind']>();

  constructor(private readonly sink: RtpSink) {}

  accessUnit(unit: AccessUnit): void {
    this.sink.accessUnit(unit);
  }

  problem(problem: RtpProblem): void {
    if (this.#told.has(problem.kind)) return;
    this.#told.add(problem.kind);
    this.sink.problem(problem);
  }

  bye(): void {
    this.sink.bye();
  }
}
