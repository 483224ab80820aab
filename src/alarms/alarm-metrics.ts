import { Counter, Gauge, type Registry } from 'prom-client';

const P = 'rtsp_ws_alarms_';

/** Metrics of what is told; `receiver` is `webhook1` ... in the order of WEBHOOK_URLS, or `mqtt`. Without receivers there are none. */
export function createAlarmMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['receiver'] as const;
  return {
    sent: new Counter({
      name: `${P}sent_total`,
      help: 'Requests and messages that a receiver has taken',
      labelNames,
      registers,
    }),
    failed: new Counter({
      name: `${P}failed_total`,
      help: 'Tries that a receiver did not take, by why; they are repeated',
      labelNames: ['receiver', 'reason'] as const,
      registers,
    }),
    dropped: new Counter({
      name: `${P}dropped_total`,
      help: 'States and pictures that a newer one replaced before they were sent',
      labelNames,
      registers,
    }),
    queue: new Gauge({
      name: `${P}queue`,
      help: 'States that a receiver has not taken yet: at most one a camera and topic',
      labelNames,
      registers,
    }),
    connected: new Gauge({ name: `${P}mqtt_connected`, help: '1 while the MQTT broker is there', registers }),
  };
}

export type AlarmMetrics = ReturnType<typeof createAlarmMetrics>;
