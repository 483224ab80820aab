import { parseRtspUrl, type RtspUrl } from '../source/rtsp-url.js';
import { RefusedError } from '../shared/errors.js';
import { DEVICE, escapeXml, type Login, MEDIA } from './envelopes.js';
import { printable } from './printable.js';
import { serviceUrl } from './probe-match.js';
import { chooseProfiles, type Profile } from './profiles.js';
import { DeviceError, SoapClient } from './soap-client.js';
import { find, findAll, textOf, type XmlElement } from './xml-tree.js';

/** What a device has to show. */
export interface DeviceStreams {
  /** Maker and model, as it says; may be empty. */
  readonly model: string;
  readonly url: RtspUrl;
  /** `null`: there is one stream only. */
  readonly mainUrl: RtspUrl | null;
}

/** All that one device is asked may take so many times as long as one answer. */
const ANSWERS = 3;
const MAX_PROFILES = 32;

const request = (name: string, namespace: string, inner = ''): string =>
  `<q:${name} xmlns:q="${namespace}">${inner}</q:${name}>`;

/**
 * Asks a device for its streams.
 * @param service of this device's own host
 * @param timeoutMs for one answer
 * @throws DeviceError
 */
export async function askDevice(service: URL, login: Login, timeoutMs: number): Promise<DeviceStreams> {
  const client = new SoapClient(login, timeoutMs, AbortSignal.timeout(ANSWERS * timeoutMs));
  client.clockOffsetMs = await clockOffset(client, service);
  const media = await mediaService(client, service);
  const model = await modelOf(client, service);
  const answer = await client.ask(media, request('GetProfiles', MEDIA), 'GetProfilesResponse');
  const profiles = findAll(answer, 'Profiles').slice(0, MAX_PROFILES).map(profileOf);
  const { small, main } = chooseProfiles(profiles);
  if (!small) throw new DeviceError('it has no video profile');
  const url = await streamUrl(client, media, small);
  const mainUrl = main && (await streamUrl(client, media, main));
  return { model, url, mainUrl: mainUrl?.equals(url) ? null : mainUrl };
}

/** Devices refuse tokens of another time than theirs, and many clocks are wrong. It is asked without credentials. */
async function clockOffset(client: SoapClient, service: URL): Promise<number> {
  try {
    const answer = await client.ask(
      service,
      request('GetSystemDateAndTime', DEVICE),
      'GetSystemDateAndTimeResponse',
      true,
    );
    const utc = find(answer, 'SystemDateAndTime', 'UTCDateTime');
    const part = (group: string, name: string): number => Number(textOf(utc, group, name) || NaN);
    const time = Date.UTC(
      part('Date', 'Year'),
      part('Date', 'Month') - 1,
      part('Date', 'Day'),
      part('Time', 'Hour'),
      part('Time', 'Minute'),
      part('Time', 'Second'),
    );
    return Number.isFinite(time) && Math.abs(time) < 8e15 ? time - Date.now() : 0;
  } catch (error) {
    // Then the clocks are taken to agree; who is not there says so at the next question.
    if (error instanceof DeviceError) return 0;
    throw error;
  }
}

async function mediaService(client: SoapClient, service: URL): Promise<URL> {
  const body = request('GetCapabilities', DEVICE, '<q:Category>Media</q:Category>');
  const answer = await client.ask(service, body, 'GetCapabilitiesResponse');
  const named = textOf(answer, 'Capabilities', 'Media', 'XAddr');
  const url = serviceUrl(named);
  if (!url) throw new DeviceError('it names no media service');
  if (url.hostname !== service.hostname)
    throw new DeviceError(`its media service is on another host, ${printable(url.hostname)}: not asked`);
  return url;
}

async function modelOf(client: SoapClient, service: URL): Promise<string> {
  try {
    const body = request('GetDeviceInformation', DEVICE);
    const answer = await client.ask(service, body, 'GetDeviceInformationResponse');
    return printable(`${textOf(answer, 'Manufacturer')} ${textOf(answer, 'Model')}`);
  } catch (error) {
    // Only its name is missing then.
    if (error instanceof DeviceError) return '';
    throw error;
  }
}

function profileOf(element: XmlElement): Profile {
  const encoder = find(element, 'VideoEncoderConfiguration');
  const side = (name: string): number => Number(textOf(encoder, 'Resolution', name)) || 0;
  return {
    token: element.attributes.get('token') ?? '',
    encoding: textOf(encoder, 'Encoding').toUpperCase(),
    width: side('Width'),
    height: side('Height'),
  };
}

async function streamUrl(client: SoapClient, media: URL, { token }: Profile): Promise<RtspUrl> {
  const schema = 'xmlns:t="http://www.onvif.org/ver10/schema"';
  const setup = `<q:StreamSetup><t:Stream ${schema}>RTP-Unicast</t:Stream><t:Transport ${schema}><t:Protocol>RTSP</t:Protocol></t:Transport></q:StreamSetup>`;
  const body = request('GetStreamUri', MEDIA, `${setup}<q:ProfileToken>${escapeXml(token)}</q:ProfileToken>`);
  const answer = await client.ask(media, body, 'GetStreamUriResponse');
  const url = parsed(textOf(answer, 'MediaUri', 'Uri'));
  if (url.host !== media.hostname)
    throw new DeviceError(`its stream is on another host, ${printable(url.host)}: left out`);
  if (url.credentials() !== null) throw new DeviceError('its stream address holds a password: left out');
  // In CONFIG_FILE that would be a variable of this machine, told to the device.
  if (url.rest.includes('${')) throw new DeviceError('its stream address holds ${: left out');
  return url;
}

function parsed(text: string): RtspUrl {
  try {
    return parseRtspUrl(text);
  } catch (error) {
    if (error instanceof RefusedError)
      throw new DeviceError('its stream address is no usable RTSP URL: left out');
    throw error;
  }
}
