import { oneOf, type Setting, setting, tokens } from './setting.js';

/** Settings of those who may change CONFIG_FILE in the page. */

export const ADMIN_SETTINGS = {
  ADMIN_TOKENS: setting(
    '',
    tokens,
    'Tokens with which cameras of CONFIG_FILE can be added, renamed, moved and removed in the page',
    true,
  ),
  ADMIN_JWT: setting(
    'off',
    oneOf('on', 'off'),
    'on: JSON Web Tokens with the claim admin: true may do so too',
  ),
} as const satisfies Record<string, Setting>;

/** What is wrong between these settings and others. */
export function adminProblems(config: {
  readonly ADMIN_TOKENS: readonly string[];
  readonly ADMIN_JWT: 'on' | 'off';
  readonly CONFIG_FILE: string;
}): string[] {
  if (config.CONFIG_FILE !== '' || !isEditable(config)) return [];
  return ['ADMIN_TOKENS and ADMIN_JWT: need CONFIG_FILE, which they let people change'];
}

/** Whether there is anybody who may change the file. A setting that is wrong by itself counts as none. */
export const isEditable = (config: {
  readonly ADMIN_TOKENS?: readonly string[];
  readonly ADMIN_JWT?: 'on' | 'off';
}): boolean => (config.ADMIN_TOKENS ?? []).length > 0 || config.ADMIN_JWT === 'on';
