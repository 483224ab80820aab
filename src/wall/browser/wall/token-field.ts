import type { ManageStrings } from '../../page/manage-strings.js';
import { make } from '../dom.js';

export interface TokenField {
  readonly label: HTMLLabelElement;
  readonly input: HTMLInputElement;
  /** Not seen: a browser that stores the token does so under this name, and not under what else the form asks for. */
  readonly user: HTMLInputElement;
}

/** Where an administrator's token is typed, or filled in by the browser's own store of passwords. */
export function tokenField(strings: ManageStrings): TokenField {
  const input = make('input');
  input.type = 'password';
  input.autocomplete = 'current-password';
  input.name = 'token';
  input.maxLength = 4096;
  const user = make('input');
  user.autocomplete = 'username';
  user.defaultValue = 'rtsp-stream-ws';
  user.hidden = true;
  return { label: make('label', { text: strings.token }, input), input, user };
}
