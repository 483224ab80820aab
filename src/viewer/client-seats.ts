import { clientNetwork } from '../access/client-network.js';
import type { Registry, StreamRequest } from '../camera/registry.js';
import { RefusedError } from '../shared/errors.js';
import { renditionKey } from '../shared/rendition.js';

type Joined = ReturnType<Registry['join']>;
type Listener = Parameters<Registry['join']>[1];

/**
 * Renditions of one camera, besides its default one, that one client may have at once, over all of its sockets and requests. A camera
 * encodes 8 (camera/publisher.ts): so no client can take them all. An address may be many people behind a proxy, whose pages
 * ask for the sizes of SIZE_LADDER.
 */
export const MAX_RENDITIONS_PER_CLIENT = 6;

/** Seats at cameras, by the client that holds them. An IPv6 client counts with its network. */
export class ClientSeats {
  /** By client and stream, then by rendition: how many seats. */
  readonly #held = new Map<string, Map<string, number>>();

  constructor(private readonly registry: Pick<Registry, 'join' | 'joinVideo'>) {}

  /** The registry as one client may use it. */
  of(address: string): Pick<Registry, 'join' | 'joinVideo'> {
    const client = clientNetwork(address);
    return {
      join: (request, listener) => this.#join(client, request, listener),
      // Passed on as it comes: no viewer costs an encoding.
      joinVideo: (request, listener) => this.registry.joinVideo(request, listener),
    };
  }

  /** @throws as Registry.join, and RefusedError `too_many_renditions` */
  #join(client: string, request: StreamRequest, listener: Listener): Joined {
    const seat = this.registry.join(request, listener);
    const { name, defaultRendition } = seat.camera.options;
    const { key } = seat.channel;
    if (key === renditionKey(defaultRendition)) return seat;
    const place = `${client} ${name}`;
    if (!this.#add(place, key)) {
      seat.leave();
      throw new RefusedError(
        'too_many_renditions',
        `your address has ${MAX_RENDITIONS_PER_CLIENT} sizes and qualities of ${request.camera}: use one of those, or none`,
      );
    }
    let held = true;
    return {
      ...seat,
      leave: () => {
        if (held) this.#remove(place, key);
        held = false;
        seat.leave();
      },
    };
  }

  #add(place: string, key: string): boolean {
    const seats = this.#held.get(place) ?? new Map<string, number>();
    const count = seats.get(key) ?? 0;
    if (count === 0 && seats.size >= MAX_RENDITIONS_PER_CLIENT) return false;
    this.#held.set(place, seats.set(key, count + 1));
    return true;
  }

  #remove(place: string, key: string): void {
    const seats = this.#held.get(place);
    const left = (seats?.get(key) ?? 0) - 1;
    if (left > 0) seats?.set(key, left);
    else seats?.delete(key);
    if (seats?.size === 0) this.#held.delete(place);
  }
}
