import type { AccessUnit } from '../video/access-unit.js';
import type { RtpProblem, RtpSink } from './rtp-sink.js';

/** Passes everything on, but each kind of problem only once (a wrong codec once more when it is found out which). */
export class ProblemLog implements RtpSink {
  readonly #told = new Set<string>();

  constructor(private readonly sink: RtpSink) {}

  accessUnit(unit: AccessUnit): void {
    this.sink.accessUnit(unit);
  }

  problem(problem: RtpProblem): void {
    const key = problem.kind === 'wrong_codec' && problem.found !== null ? 'found_codec' : problem.kind;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.sink.problem(problem);
  }

  bye(): void {
    this.sink.bye();
  }
}
