import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { INTERLEAVED_HEADER, packetsOf, type PacketTemplate } from './rtp.js';

/** Where a viewer's packets go. */
export interface MediaSink {
  /** Interleaved channel of RTP; the next one is RTCP. Without meaning on UDP. */
  readonly channel: number;
  readonly transport: 'tcp' | 'udp';
  /** Bytes that wait in this process: what the kernel has taken is not in it. */
  readonly backlog: number;
  /** Sends stamped packets: one write on TCP, one datagram each on UDP. */
  send(bytes: Buffer, offsets: PacketTemplate['offsets']): void;
  sendReport(report: Buffer): void;
  /** Sends a piece of the byte stream as it is. TCP only. */
  sendRaw(bytes: Buffer): void;
  /** Resets the RTSP connection, on TCP behind these bytes. Nothing may be sent after it. */
  reset(bytes: Buffer): void;
}

/**
 * The reset comes a little behind the bytes: a reader on libuv that polls both at once reports a plain end of stream
 * (seen on Node 20), where others see ECONNRESET.
 */
const RESET_DELAY_MS = 30;

function resetSoon(socket: Socket): void {
  setTimeout(() => void socket.resetAndDestroy(), RESET_DELAY_MS).unref();
}

export function tcpSink(socket: Socket, channel: number): MediaSink {
  return {
    channel,
    transport: 'tcp',
    get backlog() {
      return socket.writableLength;
    },
    send: (bytes) => void socket.write(bytes),
    sendReport: (report) => {
      const framed = Buffer.concat([Buffer.of(0x24, channel + 1, 0, 0), report]);
      framed.writeUInt16BE(report.length, 2);
      socket.write(framed);
    },
    sendRaw: (bytes) => void socket.write(bytes),
    reset: (bytes) => void socket.write(bytes, () => resetSoon(socket)),
  };
}

/** The server's pair of UDP sockets, shared by all viewers. */
export interface UdpPair {
  readonly rtp: UdpSocket;
  readonly rtcp: UdpSocket;
  readonly rtpPort: number;
}

export interface UdpTarget {
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

export function udpSink(pair: UdpPair, target: UdpTarget, control: Socket): MediaSink {
  return {
    channel: 0,
    transport: 'udp',
    backlog: 0,
    send: (bytes, offsets) => {
      for (const packet of packetsOf(offsets, bytes)) {
        pair.rtp.send(
          packet,
          INTERLEAVED_HEADER,
          packet.length - INTERLEAVED_HEADER,
          target.rtpPort,
          target.address,
        );
      }
    },
    sendReport: (report) => pair.rtcp.send(report, target.rtcpPort, target.address),
    sendRaw: () => undefined,
    reset: () => resetSoon(control),
  };
}
