import type { RtpProblem } from '../rtp/rtp-sink.js';
import { printable } from './messages/message-syntax.js';

/** What a problem with a stream means to people. Pure. */

/** Nothing will come after it. */
export const isFatal = (problem: RtpProblem): boolean =>
  problem.kind === 'bad_data' ||
  problem.kind === 'wrong_payload_type' ||
  (problem.kind === 'wrong_codec' && problem.found === null);

export function problemText(problem: RtpProblem): string {
  switch (problem.kind) {
    case 'wrong_codec':
      return `the description says ${problem.declared}, but ${problem.found ?? 'something else'} comes`;
    case 'wrong_payload_type':
      return `packets of type ${problem.found} come instead of ${problem.expected}`;
    case 'untrue_markers':
      return 'the marker bit does not stand at the end of pictures: each waits for the next one';
    case 'unreadable_description':
      return `the description cannot be read: ${printable(problem.what)}`;
    case 'bad_data':
    case 'unsupported_packets':
    case 'too_large':
      return printable(problem.what);
  }
}

/** What came instead of a picture, to go on with after the time that it took; empty for nothing. */
export function whatCame(packets: number, foreignDatagrams: number): string {
  if (packets > 0) return `: ${packets} packets came, but no picture could be begun`;
  if (foreignDatagrams === 0) return '';
  return `: ${foreignDatagrams} UDP packets came, from another address or port`;
}
