import type { Alarm } from '../news/alarm.js';
import { objectId, type Topics } from './mqtt-topics.js';

/** Home Assistant's MQTT discovery: one device a camera, with entities that it makes by itself from these messages. */

export interface Discovery {
  /** Home Assistant's prefix, `homeassistant` by default. */
  readonly prefix: string;
  /** What this service's topics begin with. */
  readonly base: string;
  readonly topics: Topics;
  readonly hasPictures: boolean;
  readonly version: string;
}

/** Where Home Assistant says `online` when it starts. */
export const birthTopic = ({ prefix }: Pick<Discovery, 'prefix'>): string => `${prefix}/status`;

const KINDS = [
  ['binary_sensor', 'connection'],
  ['binary_sensor', 'problem'],
  ['camera', 'picture'],
] as const;

type Part = (typeof KINDS)[number][1];

const configTopic = (
  { prefix, base }: Discovery,
  camera: string,
  [kind, part]: (typeof KINDS)[number],
): string => `${prefix}/${kind}/${objectId(base, camera)}/${part}/config`;

/**
 * A camera that nobody watches is `None`: Home Assistant then shows it as unknown. When a camera is removed its state is cleared while
 * Home Assistant still takes the entity away; `value_json` is not defined then, and to use it would be an error in its log.
 */
const template = (on: readonly string[], off: readonly string[]): string => {
  const pairs = [...on.map((state) => `'${state}':'ON'`), ...off.map((state) => `'${state}':'OFF'`)];
  return `{{ {${pairs.join(',')}}.get(value_json.state, 'None') if value_json is defined }}`;
};

function entity(part: Part, { topics }: Discovery, camera: string): Readonly<Record<string, unknown>> {
  const state = {
    state_topic: topics.state(camera),
    json_attributes_topic: topics.state(camera),
    json_attributes_template: "{{ value or '{}' }}",
    availability_topic: topics.status,
  };
  switch (part) {
    case 'connection':
      return {
        ...state,
        name: 'Connection',
        device_class: 'connectivity',
        value_template: template(['live', 'degraded', 'frozen'], ['offline']),
      };
    case 'problem':
      return {
        ...state,
        name: 'Problem',
        device_class: 'problem',
        value_template: template(['offline', 'frozen', 'degraded'], ['live']),
      };
    case 'picture':
      return { name: 'Picture', topic: topics.picture(camera), ...pictureAvailability(topics, camera) };
  }
}

/** Home Assistant shows the last picture for ever. While none come it has to be told that there is none. */
const pictureAvailability = (topics: Topics, camera: string): Readonly<Record<string, unknown>> => ({
  availability: [
    { topic: topics.status },
    {
      topic: topics.state(camera),
      value_template:
        "{{ ('offline' if value_json.state in ['idle','offline'] else 'online') if value_json is defined }}",
    },
  ],
  availability_mode: 'all',
});

/** Retained messages that make the camera's entities. */
export function announcements(
  discovery: Discovery,
  { camera, title }: Pick<Alarm, 'camera' | 'title'>,
): { readonly topic: string; readonly payload: string }[] {
  const id = objectId(discovery.base, camera);
  return KINDS.map((kind) => {
    const [, part] = kind;
    const topic = configTopic(discovery, camera, kind);
    // Empty: an entity that was announced when there were pictures goes.
    if (part === 'picture' && !discovery.hasPictures) return { topic, payload: '' };
    const config = {
      unique_id: `${id}_${part}`,
      ...entity(part, discovery, camera),
      device: { identifiers: [id], name: title, manufacturer: 'rtsp-stream-ws', model: 'RTSP camera' },
      origin: { name: 'rtsp-stream-ws', sw_version: discovery.version },
    };
    return { topic, payload: JSON.stringify(config) };
  });
}

/** Topics of a camera's entities; an empty retained message there removes them. */
export const announcedTopics = (discovery: Discovery, camera: string): string[] =>
  KINDS.map((kind) => configTopic(discovery, camera, kind));
