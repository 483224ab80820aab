import { z } from 'zod';

/**
 * The parts of Kubernetes' API (v1.28-v1.33) that docker/kubernetes/ uses. Strict: a field that is not listed here is an error,
 * since the API server drops what it does not know, and a misspelled limit would be no limit.
 */

const name = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
const labels = z.record(z.string(), z.string());
const metadata = z.strictObject({ name, labels: labels.optional(), annotations: labels.optional() });
const selector = z.strictObject({ matchLabels: labels });
const port = z.int().min(1).max(65_535);
const portName = z.string().regex(/^[a-z][a-z0-9-]{0,14}$/);
const protocol = z.enum(['TCP', 'UDP']);
const quantity = z.string().regex(/^\d+(\.\d+)?(m|Ki|Mi|Gi)?$/);

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.union([port, portName]) }),
  periodSeconds: z.int().positive(),
  timeoutSeconds: z.int().positive().optional(),
  failureThreshold: z.int().positive().optional(),
});

const variable = z.strictObject({ name: z.string().regex(/^[A-Z_]+$/), value: z.string() });
const variableFrom = z.strictObject({
  name: z.string().regex(/^[A-Z_]+$/),
  valueFrom: z.union([
    z.strictObject({ fieldRef: z.strictObject({ fieldPath: z.string() }) }),
    z.strictObject({ secretKeyRef: z.strictObject({ name, key: z.string() }) }),
  ]),
});

const container = z.strictObject({
  name,
  image: z.string().min(1),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  args: z.array(z.string()).optional(),
  ports: z.array(z.strictObject({ name: portName, containerPort: port, protocol })),
  env: z.array(z.union([variable, variableFrom])),
  envFrom: z.array(z.strictObject({ secretRef: z.strictObject({ name }) })).optional(),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  lifecycle: z
    .strictObject({
      preStop: z.strictObject({ exec: z.strictObject({ command: z.array(z.string()).min(1) }) }),
    })
    .optional(),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ cpu: quantity.optional(), memory: quantity }),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(
    z.strictObject({ name, mountPath: z.string().startsWith('/'), readOnly: z.boolean().optional() }),
  ),
});

const podSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.boolean(),
  terminationGracePeriodSeconds: z.int().positive(),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().positive(),
    runAsGroup: z.int().positive(),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  topologySpreadConstraints: z
    .array(
      z.strictObject({
        maxSkew: z.int().positive(),
        topologyKey: z.string(),
        whenUnsatisfiable: z.enum(['ScheduleAnyway', 'DoNotSchedule']),
        labelSelector: selector,
      }),
    )
    .optional(),
  containers: z.array(container).length(1),
  volumes: z.array(
    z.union([
      z.strictObject({ name, configMap: z.strictObject({ name }) }),
      z.strictObject({ name, emptyDir: z.strictObject({ sizeLimit: quantity }) }),
    ]),
  ),
});

const template = z.strictObject({
  metadata: z.strictObject({ labels, annotations: labels.optional() }),
  spec: podSpec,
});

const policyPorts = z.array(z.strictObject({ protocol, port })).min(1);

const peers = z.array(
  z.union([
    z.strictObject({ ipBlock: z.strictObject({ cidr: z.cidrv4() }) }),
    z.strictObject({ namespaceSelector: selector.optional(), podSelector: selector }),
  ]),
);

export const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas: z.int().positive(),
    strategy: z.strictObject({
      type: z.enum(['Recreate', 'RollingUpdate']),
      rollingUpdate: z
        .strictObject({ maxSurge: z.int().nonnegative(), maxUnavailable: z.int().nonnegative() })
        .optional(),
    }),
    selector,
    template,
  }),
});

export const statefulSet = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('StatefulSet'),
  metadata,
  spec: z.strictObject({
    serviceName: name,
    replicas: z.int().positive(),
    podManagementPolicy: z.enum(['OrderedReady', 'Parallel']),
    selector,
    template,
  }),
});

export const disruptionBudget = z.strictObject({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z.strictObject({ maxUnavailable: z.int().positive(), selector }),
});

export const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).optional(),
    clusterIP: z.literal('None').optional(),
    publishNotReadyAddresses: z.boolean().optional(),
    selector: labels,
    ports: z.array(z.strictObject({ name: portName, port, targetPort: z.union([port, portName]), protocol })),
  }),
});

export const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.record(z.string(), z.string()),
});

export const secret = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata,
  type: z.literal('Opaque'),
  stringData: z.record(z.string(), z.string()),
});

export const networkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata,
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])).min(1),
    ingress: z.array(z.strictObject({ from: peers.optional(), ports: policyPorts })).optional(),
    egress: z.array(z.strictObject({ to: peers, ports: policyPorts })).optional(),
  }),
});
