import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const P = 'rtsp_ws_cluster_';

/** The cluster's metrics; on a single node there are none. */
export function createClusterMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name: P + name, help, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: P + name, help, registers });
  return {
    connected: gauge('nats_connected', '1 while this node is connected to NATS'),
    nodes: gauge('nodes', 'Other nodes that this one hears of'),
    owned: gauge('cameras_owned', 'Cameras that this node decodes for the cluster'),
    followed: gauge('cameras_followed', 'Cameras of other nodes that this one shows'),
    draining: gauge('draining', '1 while this node gives its cameras away to end'),
    framesSent: counter('frames_sent_total', 'Messages with frames sent to other nodes'),
    bytesSent: counter('bytes_sent_total', 'Bytes of frames sent to other nodes'),
    framesReceived: counter('frames_received_total', 'Frames of other nodes that came whole'),
    bytesReceived: counter('bytes_received_total', 'Bytes of frames of other nodes'),
    framesSkipped: counter('frames_skipped_total', 'Frames that other nodes were not sent since they lagged'),
    leasesLost: counter('leases_lost_total', 'Cameras that another node took while this one decoded them'),
    takeovers: counter('takeovers_total', 'Cameras that this node took over from one that went on'),
    handovers: new Counter({
      name: `${P}handovers_total`,
      help: 'Cameras that this node gave to others, by why and how it ended',
      labelNames: ['why', 'outcome'] as const,
      registers,
    }),
    lag: new Histogram({
      name: `${P}edge_lag_seconds`,
      help: 'How far another node was behind with the frames of this one',
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 5],
      registers,
    }),
    age: new Histogram({
      name: `${P}frame_age_seconds`,
      help: 'Age of a frame of another node when it came, since it came whole out of the decoder there',
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 5],
      registers,
    }),
  };
}

export type ClusterMetrics = ReturnType<typeof createClusterMetrics>;
