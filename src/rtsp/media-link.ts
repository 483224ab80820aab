import { CameraError } from '../shared/errors.js';
import type { Dialogue, DialogueOptions } from './dialogue.js';
import { printable } from './messages/message-syntax.js';
import { namesAnotherHost, type Transport, type TransportOffer } from './messages/transport-header.js';
import { UdpPair } from './udp-pair.js';
import type { VideoTrack } from './messages/video-track.js';

export type TransportKind = 'tcp' | 'udp';

/** How a track's packets come, once SETUP has agreed on it. */
export interface MediaLink {
  readonly kind: TransportKind;
  /** For people: `TCP, channels 0-1`. */
  readonly text: string;
  /** Whether an interleaved packet of this channel is the track's. */
  hasChannel(channel: number): boolean;
  sendRtcp(packet: Uint8Array): void;
  /** UDP datagrams from elsewhere than the camera; none was taken. */
  readonly foreign: number;
  close(): void;
}

/** Takes a packet; its memory may be used again after the call. */
type Take = (packet: Uint8Array) => void;

/**
 * Sets up a track by the wanted transport, or by the other one where the camera does not support it.
 * @throws CameraError; `redirected` when media would come from another host
 */
export async function setUpTrack(
  dialogue: Dialogue,
  track: VideoTrack,
  wanted: TransportKind,
  options: DialogueOptions,
  take: Take,
  signal: AbortSignal,
): Promise<MediaLink> {
  const setUp = {
    tcp: () => setUpTcp(dialogue, track, signal),
    udp: () => setUpUdp(dialogue, track, options, take, signal),
  };
  const first = await setUp[wanted]();
  if (!(first instanceof CameraError)) return first;
  // Who asked for TLS does not get the media in the clear.
  if (wanted === 'tcp' && options.url.scheme === 'rtsps') throw first;
  const second = await setUp[wanted === 'tcp' ? 'udp' : 'tcp']();
  // The first refusal is that of the transport that was asked for.
  if (second instanceof CameraError) throw first;
  return second;
}

const TCP_OFFER: TransportOffer = { kind: 'tcp', channel: 0 };

async function setUpTcp(
  dialogue: Dialogue,
  track: VideoTrack,
  signal: AbortSignal,
): Promise<MediaLink | CameraError> {
  const transport = await dialogue.setup(track, TCP_OFFER, signal);
  return transport instanceof CameraError ? transport : tcpLink(dialogue, transport);
}

async function setUpUdp(
  dialogue: Dialogue,
  track: VideoTrack,
  options: DialogueOptions,
  take: Take,
  signal: AbortSignal,
): Promise<MediaLink | CameraError> {
  // A multicast group is not joined, so it does no harm: cameras that also multicast name it.
  if (!isMulticast(track.connection)) refuseOtherHost('its description (c=)', track.connection, options);
  const pair = await openPair(dialogue);
  try {
    const transport = await dialogue.setup(track, { kind: 'udp', rtpPort: pair.rtpPort }, signal);
    if (!(transport instanceof CameraError) && transport.kind === 'udp')
      return udpLink(pair, transport, options, take);
    pair.close();
    return transport instanceof CameraError ? transport : tcpLink(dialogue, transport);
  } catch (error) {
    pair.close();
    throw error;
  }
}

async function openPair(dialogue: Dialogue): Promise<UdpPair> {
  try {
    return await UdpPair.open(dialogue.localAddress ?? '0.0.0.0');
  } catch (error) {
    throw new CameraError('protocol', `no UDP ports: ${error instanceof Error ? error.message : ''}`);
  }
}

function tcpLink(dialogue: Dialogue, transport: Transport): MediaLink {
  if (transport.kind !== 'tcp')
    throw new CameraError('protocol', `SETUP answers with another transport: ${transportName(transport)}`);
  const { channel, rtcpChannel } = transport;
  // Some cameras agree on other channels than were asked for, and send on those that were asked for.
  const channels = new Set([channel, rtcpChannel, 0, 1]);
  return {
    kind: 'tcp',
    text: `TCP, channels ${channel}-${rtcpChannel}`,
    hasChannel: (each) => channels.has(each),
    sendRtcp: (packet) => dialogue.sendPacket(rtcpChannel, packet),
    foreign: 0,
    close: () => undefined,
  };
}

const transportName = (transport: Transport): string =>
  transport.kind === 'other' ? transport.text : transport.kind.toUpperCase();

function udpLink(
  pair: UdpPair,
  transport: Transport & { kind: 'udp' },
  options: DialogueOptions,
  take: Take,
): MediaLink {
  const { rtpPort, rtcpPort, source } = transport;
  refuseOtherHost('SETUP (source=)', source, options);
  pair.listen({ address: options.address, rtpPort, rtcpPort }, { rtp: take, rtcp: take });
  // Opens the way back through routers and firewalls.
  pair.sendRtp(EMPTY_RTP);
  pair.sendRtcp(EMPTY_REPORT);
  return {
    kind: 'udp',
    text: `UDP, ports ${pair.rtpPort}-${pair.rtpPort + 1} from ${rtpPort ?? 'any'}-${rtcpPort ?? 'any'}`,
    hasChannel: () => false,
    sendRtcp: (packet) => pair.sendRtcp(packet),
    get foreign() {
      return pair.foreign;
    },
    close: () => pair.close(),
  };
}

const isMulticast = (address: string | null): boolean => /^(?:22[4-9]|23\d)\.|^ff/i.test(address ?? '');

function refuseOtherHost(where: string, named: string | null, { address, url }: DialogueOptions): void {
  if (!namesAnotherHost(named, address, url.host)) return;
  throw new CameraError(
    'redirected',
    `${where} lets media come from ${printable(named ?? '')}, which is not the camera's address`,
  );
}

/** A header alone, version 2 (RFC 3550, 5.1). */
const EMPTY_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
/** A receiver report without blocks (RFC 3550, 6.4.2). */
const EMPTY_REPORT = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0);
