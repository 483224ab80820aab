import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { announcements } from '../../src/alarms/mqtt/home-assistant.js';
import { statePayload, topicsBelow } from '../../src/alarms/mqtt/mqtt-topics.js';
import { CONDITIONS } from '../../src/alarms/news/condition.js';
import { alarm } from './alarm.js';

/** What is announced, against the fields that Home Assistant documents for MQTT's `binary_sensor` and `camera`: others it ignores. */

const timeout = 30_000;
/** A topic to subscribe to, without wildcards. */
const topic = z.string().regex(/^[^+#\0]+$/);

const common = {
  unique_id: z.string().min(1),
  name: z.string(),
  device: z.strictObject({
    identifiers: z.array(z.string()).min(1),
    name: z.string(),
    manufacturer: z.string(),
    model: z.string(),
  }),
  origin: z.strictObject({ name: z.string(), sw_version: z.string() }),
};
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  binary_sensor: z.strictObject({
    ...common,
    availability_topic: topic,
    json_attributes_topic: topic,
    json_attributes_template: z.string(),
    state_topic: topic,
    value_template: z.string(),
    device_class: z.enum(['connectivity', 'problem']),
  }),
  camera: z.strictObject({
    ...common,
    topic,
    availability: z.array(z.strictObject({ topic, value_template: z.string().optional() })),
    availability_mode: z.enum(['all', 'any', 'latest']),
  }),
};

/** The only form of discovery topics that is looked at. */
const CONFIG_TOPIC = /^homeassistant\/(\w+)\/(?:([a-zA-Z0-9_-]+)\/)?([a-zA-Z0-9_-]+)\/config$/;

const topics = topicsBelow('rtsp-ws', null);
const discovery = { prefix: 'homeassistant', base: 'rtsp-ws', topics, hasPictures: true, version: '1.0.0' };

test('what is announced has the fields that Home Assistant knows, and no others', { timeout }, () => {
  const ids = new Set<unknown>();
  for (const camera of ['gate', 'yard.2', 'yard-2', 'A_b'])
    for (const { topic: at, payload } of announcements(discovery, { camera, title: `Tür "${camera}"` })) {
      const component = CONFIG_TOPIC.exec(at)?.[1] ?? '';
      const config = SCHEMAS[component]?.parse(JSON.parse(payload)) as { unique_id: string } | undefined;
      assert.ok(config, at);
      ids.add(config.unique_id);
    }
  assert.equal(ids.size, 12, 'every entity has an id of its own');
});

test('each state is on, off or unknown to both sensors', { timeout }, () => {
  const shown = Object.fromEntries(
    CONDITIONS.map((state) => {
      const { state: told } = JSON.parse(statePayload(alarm('gate', state))) as { state: string };
      return [
        state,
        announcements(discovery, { camera: 'gate', title: 'Gate' }).flatMap(({ payload }) =>
          valueOf(payload, told),
        ),
      ];
    }),
  );
  assert.deepEqual(shown, {
    idle: ['None', 'None'],
    live: ['ON', 'OFF'],
    degraded: ['ON', 'ON'],
    frozen: ['ON', 'ON'],
    offline: ['OFF', 'ON'],
  });
});

test('a picture is not available while its camera sends none', { timeout }, () => {
  const [picture] = announcements(discovery, { camera: 'gate', title: 'Gate' }).slice(-1);
  const { availability } = JSON.parse(picture?.payload ?? '') as {
    availability: readonly { readonly topic: string; readonly value_template?: string }[];
  };
  assert.deepEqual(
    availability.map((source) => source.topic),
    [topics.status, topics.state('gate')],
  );
  const list = /'offline' if value_json\.state in (\[.*?\]) else 'online'/.exec(
    availability[1]?.value_template ?? '',
  );
  const without = JSON.parse((list?.[1] ?? '').replaceAll("'", '"')) as string[];
  const told = CONDITIONS.filter((state) => !without.includes(state));
  assert.deepEqual(told.toSorted(), ['degraded', 'frozen', 'live']);
});

/** What a template of the form `{{ {'a':'ON'}.get(value_json.state, 'None') if value_json is defined }}` makes of a state: Jinja reads it as Python would. */
function valueOf(payload: string, state: string): string[] {
  const { value_template: template } = JSON.parse(payload) as { value_template?: string };
  if (template === undefined) return [];
  const [, map = '', otherwise = ''] =
    /^\{\{ (\{.*\})\.get\(value_json\.state, '(\w+)'\) if value_json is defined \}\}$/.exec(template) ?? [];
  const values = JSON.parse(map.replaceAll("'", '"')) as Record<string, string>;
  return [values[state] ?? otherwise];
}
