import { createAdminAuth } from './access/admin-auth.js';
import { createAdmission } from './access/admission.js';
import type { Auth } from './access/auth.js';
import { adminRoutes } from './admin/admin-routes.js';
import { isEditable } from './config/admin-settings.js';
import { cameraDefaults, parseConfigFile } from './config/cameras-file.js';
import { ConfigEditor } from './config/config-editor.js';
import type { Config } from './config/settings.js';
import type { RequestReader } from './http/request.js';
import type { Server } from './http/server/server.js';
import { addWriteRoutes } from './http/routes/write-routes.js';
import { createPolicies } from './policies.js';
import { systemClock as clock } from './shared/clock.js';
import { resolveTarget } from './source/address-policy.js';
import type { Log } from './telemetry/log.js';
import type { Metrics } from './telemetry/metrics.js';
import { createRefusalLog } from './telemetry/refusal-log.js';

export interface AdminParts {
  readonly read: RequestReader;
  /** Judges JSON Web Tokens, as for viewers. */
  readonly viewers: Auth;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Administrators' routes, if there are administrators; without them the paths are like any that is not known. */
export function addAdminRoutes(
  server: Server,
  config: Config,
  { read, viewers, metrics, log }: AdminParts,
): void {
  if (!isEditable(config)) return;
  const { policy, origins } = createPolicies(config);
  const now = (): number => clock.now();
  const takesJwts = config.ADMIN_JWT === 'on' && viewers.enabled;
  const auth = createAdminAuth({ tokens: config.ADMIN_TOKENS, jwts: takesJwts ? viewers : null });
  // One of their own: who guesses at viewers' tokens locks no administrator out.
  const admission = createAdmission(config, auth, origins, now, createRefusalLog(log, now));
  const editor = new ConfigEditor(config.CONFIG_FILE, (text) =>
    parseConfigFile(text, config.CONFIG_FILE, cameraDefaults(config), process.env),
  );
  const routes = adminRoutes({ editor, resolve: (url) => resolveTarget(url, policy), log });
  addWriteRoutes(server.app, routes, config.BASE_PATH, { read, admission, metrics, log });
}
