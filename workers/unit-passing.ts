import { MAX_UNITS_IN_FLIGHT, type PassedFormat, type UnitMessage } from '../src/shared/worker-protocol.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import type { VideoFormat } from '../src/video/video-format.js';
import { isPictureByItself } from './key-picture.js';
import { passedFormat } from './passed-format.js';

type State =
  /** Nobody takes units. */
  | 'off'
  /** The next unit that goes is one that needs no other: nothing has gone yet, or some were left out. */
  | 'awaiting_key'
  /** Such a unit was the last to go: leading ones behind it need units that did not go. */
  | 'begun'
  | 'passing';

/**
 * Hands a stream's access units over as they came, in unbroken runs that begin with a unit that needs no other. A unit whose picture
 * must not be shown ends a run: a viewer's decoder shows all that it is given. Pure.
 */
export class UnitPassing {
  #state: State = 'off';
  #source: VideoFormat | null = null;
  #format: PassedFormat | null = null;

  /**
   * @param aspect width to height of the picture as it is to be shown; `null`: as the stream says
   * @param hasRoom whether one more unit may be put on the way
   */
  constructor(
    private readonly aspect: number | null,
    private readonly hasRoom: () => boolean,
    private readonly send: (message: UnitMessage) => void,
  ) {}

  /** @param backlog the units since the last key unit, which a run that begins now begins with; empty: it begins with the next one */
  setWanted(isWanted: boolean, backlog: () => readonly AccessUnit[]): void {
    if (!isWanted) this.#state = 'off';
    if (!isWanted || this.#state !== 'off') return;
    this.#state = 'awaiting_key';
    const units = backlog();
    // A longer one would be thrown away on its way: whoever waits is served sooner by the next key unit.
    if (units.length < MAX_UNITS_IN_FLIGHT) for (const unit of units) this.unit(unit);
  }

  /** Takes the next unit in decoding order. */
  unit(unit: AccessUnit): void {
    if (this.#state === 'off') return;
    const format = this.#formatOf(unit);
    if (!format || unit.damaged || !this.hasRoom()) {
      this.#state = 'awaiting_key';
      return;
    }
    const isKey = isPictureByItself(unit);
    if (!isKey && this.#state === 'awaiting_key') return;
    if (!isKey && this.#state === 'begun' && unit.leading) return;
    const followsGap = isKey && (unit.discontinuity || this.#state === 'awaiting_key');
    // A run that goes on at a key unit has what its leading units need.
    this.#state = followsGap ? 'begun' : 'passing';
    const { arrivedAt: capturedAt, leading: isLeading } = unit;
    // A copy: the worker's own decoders may need the bytes later.
    const data = unit.data.slice().buffer;
    const common = { type: 'unit', data, capturedAt, isLeading } as const;
    this.send(isKey ? { ...common, kind: 'key', format, followsGap } : { ...common, kind: 'delta' });
  }

  #formatOf({ format }: AccessUnit): PassedFormat | null {
    if (format !== this.#source) {
      this.#source = format;
      this.#format = passedFormat(format, this.aspect);
    }
    return this.#format;
  }
}
