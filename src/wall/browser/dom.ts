/** Builds an element with text only, never markup: names and addresses come from people. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: { readonly className?: string; readonly text?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (options.className !== undefined) element.className = options.className;
  if (options.text !== undefined) element.textContent = options.text;
  element.append(...children);
  return element;
}

/** A button that does `action` and keeps the keyboard's focus where a person expects it. */
export function makeButton(text: string, className: string, action: () => void): HTMLButtonElement {
  const button = make('button', { className, text });
  button.type = 'button';
  button.addEventListener('click', action);
  return button;
}
