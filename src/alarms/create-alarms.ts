import type { Registry } from '../camera/registry.js';
import type { CameraSummary } from '../camera/telemetry/camera-summary.js';
import type { AlarmConfig } from '../config/alarm-settings.js';
import { type Clock, epochMs } from '../shared/clock.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { AlarmSink } from './news/alarm.js';
import { type AlarmMetrics, createAlarmMetrics } from './alarm-metrics.js';
import { type AlarmPlan, planAlarms } from './alarm-plan.js';
import { Alarms } from './alarms.js';
import { topicsBelow } from './mqtt/mqtt-topics.js';
import { post } from './webhook/webhook-post.js';
import { WebhookSender } from './webhook/webhook-sender.js';

/** From the look-up of the receiver's name to its answer. */
const POST_TIMEOUT_MS = 10_000;
/** Retained states come within moments of the subscription; other nodes of a cluster tell their cameras within some 20 s. */
const SWEEP_MS = 5000;
const CLUSTER_SWEEP_MS = 60_000;

export interface AlarmDeps {
  readonly registry: Pick<Registry, 'join' | 'camera' | 'list'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly log: Log;
  readonly version: string;
  /** This node's name in a cluster; `null` on a single node. */
  readonly node: string | null;
  /** Whether this node tells of a camera that `owner` decodes; `null` is nobody. */
  readonly tellsOf: (owner: string | null) => boolean;
}

interface Shared extends AlarmDeps {
  readonly alarmMetrics: AlarmMetrics;
  readonly plan: AlarmPlan;
}

/**
 * Everything that tells others of the cameras.
 * @throws ConfigError
 */
export async function createAlarms(config: AlarmConfig, deps: AlarmDeps): Promise<Alarms> {
  const plan = await planAlarms(config);
  const shared: Shared = { ...deps, plan, alarmMetrics: createAlarmMetrics(deps.metrics.registry) };
  const isOwn = ({ node }: CameraSummary): boolean => deps.tellsOf(node ?? null);
  const sinks: AlarmSink[] = webhookSinks(config, shared);
  const alarms: Alarms = new Alarms(config.ALARM_HOLD_MS, sinks, {
    clock: deps.clock,
    cameras: () => deps.registry.list(epochMs()),
    isOwn,
  });
  const mqtt = await mqttSink(config, shared, () => alarms.ownCameras);
  if (mqtt) sinks.push(mqtt);
  const webhooks = config.WEBHOOK_URLS.map(({ host }) => host);
  deps.log.info(
    { event: 'alarms', webhooks, mqtt: config.MQTT_URL?.host ?? null, holdMs: config.ALARM_HOLD_MS },
    `${sinks.length} receivers are told of cameras`,
  );
  return alarms;
}

function webhookSinks(config: AlarmConfig, shared: Shared): WebhookSender[] {
  const { clock, log, node, plan, alarmMetrics: metrics } = shared;
  return config.WEBHOOK_URLS.map(
    (url, i) =>
      new WebhookSender(
        { name: `webhook${i + 1}`, host: url.host, secret: config.WEBHOOK_SECRET },
        {
          ...{ clock, log, node, metrics, epochNow: epochMs, random: Math.random },
          post: (body, headers, signal) =>
            post(url, body, headers, { policy: plan.policy, timeoutMs: POST_TIMEOUT_MS, signal }),
        },
      ),
  );
}

/** @param cameras whose pictures this node publishes */
async function mqttSink(
  config: AlarmConfig,
  { registry, clock, log, node, version, plan, alarmMetrics: metrics }: Shared,
  cameras: () => readonly string[],
): Promise<AlarmSink | null> {
  const url = config.MQTT_URL;
  if (!url) return null;
  const { MqttSink } = await import('./mqtt/mqtt-sink.js');
  const { Pictures } = await import('./mqtt/pictures.js');
  const topics = topicsBelow(config.MQTT_TOPIC, node);
  const everyMs = config.MQTT_PICTURE_MS;
  const topic = topics.picture;
  const pictures = everyMs === 0 ? null : new Pictures(everyMs, { registry, clock, metrics, cameras, topic });
  const prefix = config.MQTT_DISCOVERY;
  const discovery = { prefix, base: config.MQTT_TOPIC, topics, hasPictures: pictures !== null, version };
  return new MqttSink(
    {
      settings: {
        ...{ url, ca: plan.ca, cert: plan.cert, key: plan.key, statusTopic: topics.status },
        user: url.user || config.MQTT_USER,
        password: url.user === '' ? config.MQTT_PASSWORD : url.password,
      },
      topics,
      discovery: prefix === 'off' ? null : discovery,
      sweepAfterMs: node === null ? SWEEP_MS : CLUSTER_SWEEP_MS,
    },
    { clock, log, metrics, random: Math.random, pictures },
  );
}
