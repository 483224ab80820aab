import type { ManageStrings } from '../../page/manage-strings.js';
import { make } from '../dom.js';

/** Where an administrator's token is typed, or filled in by the browser's own store of passwords. */
export function tokenField(strings: ManageStrings): {
  readonly label: HTMLLabelElement;
  readonly input: HTMLInputElement;
} {
  const input = make('input');
  input.type = 'password';
  input.autocomplete = 'current-password';
  input.name = 'token';
  input.maxLength = 4096;
  return { label: make('label', { text: strings.token }, input), input };
}
