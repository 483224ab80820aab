import { isIP } from 'node:net';
import type { DialogueStep } from '../../rtsp/dialogue-step.js';
import { openSession } from '../../rtsp/session.js';
import { CameraError } from '../../shared/errors.js';
import type { Transport } from '../../shared/worker-protocol.js';
import { type AddressPolicy, resolveTarget, systemLookup } from '../../source/address-policy.js';
import type { RtspUrl } from '../../source/rtsp-url.js';
import { type Survey, SURVEY_MS, UnitSurvey } from './survey.js';

/** Prints one step: what it is, and what came of it. */
export type Tell = (step: string, result: string) => void;

/** @returns the address that is tried first. @throws CameraError `dns`, `target_denied` */
export async function resolveStep(url: RtspUrl, policy: AddressPolicy, tell: Tell): Promise<string> {
  const found: string[] = [];
  const [address, ...others] = await resolveTarget(url, policy, async (host) => {
    const addresses = await systemLookup(host);
    found.push(...addresses);
    for (const each of addresses) tell('resolve', `${each}: ${policy.judgeAddress(each, host) ?? 'allowed'}`);
    return addresses;
  });
  tell(
    'resolve',
    isIP(url.host) === 0
      ? `${address} is dialled${others.length > 0 ? ' first' : ''}`
      : `${address}: allowed`,
  );
  return address;
}

export interface SurveyOptions {
  readonly url: RtspUrl;
  /** Numeric, judged. */
  readonly address: string;
  readonly transport: Transport;
  readonly openTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

/**
 * Opens the camera with the service's own client, tells each step of the dialogue, and looks at what comes for some seconds.
 * @throws CameraError when no picture came
 */
export async function surveyStep(options: SurveyOptions, tell: Tell): Promise<Survey> {
  const { url, address, transport, openTimeoutMs, stallTimeoutMs } = options;
  const { scheme, host, port } = url;
  const seen = new UnitSurvey();
  const session = openSession(
    {
      url: { scheme, host, port, pathAndQuery: url.rest },
      credentials: url.credentials(),
      ...{ address, transport, openTimeoutMs, stallTimeoutMs },
    },
    {
      unit: (unit) => {
        seen.add(unit);
        if (seen.enough) session.stop();
      },
      step: (step) => tellStep(step, port, tell),
    },
  );
  const enough = setTimeout(() => session.stop(), openTimeoutMs + SURVEY_MS);
  const end = await session.ended;
  clearTimeout(enough);
  const survey = seen.result(session.statistics?.lost ?? 0);
  if (end.code === 'stopped') return survey;
  if (survey.pictures === 0) throw new CameraError(end.code, end.detail);
  tell('RTSP', `${end.code} after ${survey.pictures} pictures: ${end.detail}`);
  return survey;
}

function tellStep(step: DialogueStep, port: number, tell: Tell): void {
  switch (step.kind) {
    case 'connected':
      tell('connect', `port ${port} is open${step.tls ? ', TLS (certificate not checked)' : ''}`);
      return;
    case 'answer':
      if (step.status !== 401) tell(step.method, answerText(step));
      return;
    case 'challenged':
      tell('auth', `camera asks for ${step.offered.join(' or ') || 'a scheme that is not known here'}`);
      return;
    case 'described':
      tell(
        'media',
        `${step.media}${step.tracks > 1 ? `: video ${step.track + 1} of ${step.tracks} is used` : ''}`,
      );
      return;
    case 'transport':
      tell('transport', step.text);
      return;
    case 'note':
      tell('note', step.text);
  }
}

function answerText(step: DialogueStep & { kind: 'answer' }): string {
  const login = step.withCredentials ? ', with user and password' : '';
  const server = step.server === '' || step.method !== 'OPTIONS' ? '' : `, server ${step.server}`;
  return `${`${step.status} ${step.reason}`.trim()}${login}${server} (${step.ms.toFixed(0)} ms)`;
}
