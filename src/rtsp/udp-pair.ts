import type { RemoteInfo, Socket } from 'node:dgram';
import { IntakePace } from './intake-pace.js';
import { sameAddress } from './messages/transport-header.js';
import { openPortPair } from './udp-ports.js';

/** Whom the pair talks to. Ports are `null` where the server did not tell them: the first packet from its address does. */
export interface UdpPeer {
  /** Numeric: the address that was judged. */
  readonly address: string;
  readonly rtpPort: number | null;
  readonly rtcpPort: number | null;
}

export interface UdpEvents {
  rtp(packet: Buffer): void;
  rtcp(packet: Buffer): void;
}

/**
 * Some servers send from other ports than they told. When nothing came from the port that was told for so long after the
 * first packet from another one, but of the same address, that one is taken.
 */
const OTHER_PORT_MS = 1000;

/**
 * A pair of UDP sockets for one track: an even port for RTP, the next for RTCP (RFC 3550, 11).
 *
 * Until a socket's peer is known by its first packet, every packet is judged here: those from other addresses or ports are
 * counted and dropped. From then on the socket is connected: the kernel drops them.
 */
export class UdpPair {
  /** The own ports; RTCP's is the next. */
  readonly rtpPort: number;
  readonly #rtp: UdpLeg;
  readonly #rtcp: UdpLeg;

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = new UdpLeg(rtp);
    this.#rtcp = new UdpLeg(rtcp);
    this.rtpPort = rtp.address().port;
  }

  /**
   * @param local the address that the RTSP connection goes out from, numeric
   * @throws Error of the system when no pair of ports is free
   */
  static async open(local: string): Promise<UdpPair> {
    const { rtp, rtcp } = await openPortPair(local);
    return new UdpPair(rtp, rtcp);
  }

  /** Packets from elsewhere than the peer, none of which was taken. */
  get foreign(): number {
    return this.#rtp.foreign + this.#rtcp.foreign;
  }

  /** Takes packets from `peer`, and from nobody else. */
  listen({ address, rtpPort, rtcpPort }: UdpPeer, events: UdpEvents): void {
    this.#rtp.listen(address, rtpPort, (packet) => events.rtp(packet));
    this.#rtcp.listen(address, rtcpPort, (packet) => events.rtcp(packet));
  }

  sendRtp(packet: Uint8Array): void {
    this.#rtp.send(packet);
  }

  sendRtcp(packet: Uint8Array): void {
    this.#rtcp.send(packet);
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}

/** One of the two sockets. */
class UdpLeg {
  readonly #socket: Socket;
  #state: 'deaf' | 'judging' | 'connecting' | 'connected' | 'closed' = 'deaf';
  #address = '';
  #port: number | null = null;
  /** When the first packet came from the right address but another port; monotonic, ms. */
  #otherPortSince: number | null = null;
  foreign = 0;
  readonly #pace = new IntakePace();
  /** Monotonic, ms. */
  #leftOffUntil = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    // What comes before `listen` comes before SETUP was answered: nobody can have been told of this port.
    socket.on('message', () => {
      if (this.#state === 'deaf') this.foreign++;
    });
  }

  listen(address: string, port: number | null, take: (packet: Buffer) => void): void {
    this.#address = address;
    this.#port = port;
    this.#state = 'judging';
    this.#socket.on('message', (packet, from) => {
      if (this.#state === 'closed') return;
      if (!this.#isPeer(from)) {
        this.foreign++;
        return;
      }
      if (this.#state === 'judging') this.#connect(from.port);
      // What the camera sends beyond its share is lost, as in the network.
      if (this.#leftOffUntil > performance.now()) return;
      this.#leftOffUntil = performance.now() + this.#pace.take(packet.length, 1, performance.now());
      take(packet);
    });
  }

  send(packet: Uint8Array): void {
    if (this.#state === 'connected') this.#socket.send(packet, () => undefined);
    else if (this.#state === 'judging' && this.#port !== null)
      this.#socket.send(packet, this.#port, this.#address, () => undefined);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#socket.close();
  }

  /** Also when connected: what the kernel had queued before is still to come. */
  #isPeer({ address, port }: RemoteInfo): boolean {
    if (address !== this.#address && !sameAddress(address, this.#address)) return false;
    if (this.#port === null || this.#port === port) return true;
    if (this.#state !== 'judging') return false;
    this.#otherPortSince ??= performance.now();
    return performance.now() - this.#otherPortSince > OTHER_PORT_MS;
  }

  #connect(port: number): void {
    this.#port = port;
    this.#state = 'connecting';
    this.#socket.connect(port, this.#address, (error?: Error) => {
      if (this.#state === 'connecting') this.#state = error ? 'judging' : 'connected';
    });
  }
}
