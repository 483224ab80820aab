/** Style of `<camera-tile>`, inside its shadow root. A constructed sheet: the page's policy forbids inline styles. */
const CSS = `
:host { display: block; position: relative; overflow: hidden; background: #101318; color: #e8eaed;
  container-type: size; font: 500 13px/1.3 system-ui, sans-serif; user-select: none; -webkit-user-select: none; }
:host([hidden]) { display: none; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; display: block; }
.old canvas { filter: grayscale(1) brightness(.38); }
.explained.old canvas { filter: grayscale(1) brightness(.2); }
.blank canvas { visibility: hidden; }
.bar { position: absolute; inset: auto 0 0 0; display: flex; align-items: center; gap: .5em; min-width: 0;
  padding: 1.6em .7em .5em; background: linear-gradient(transparent, rgb(0 0 0 / .62)); }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.dot { flex: none; width: .5em; height: .5em; border-radius: 50%; background: #6fbf8b; }
.badge { display: none; flex: none; padding: .1em .55em .15em; border-radius: 1em; font-weight: 600; white-space: nowrap;
  background: #2a2f37; color: #dfe3e8; margin-inline-start: auto; }
.not-live .badge { display: block; }
.not-live .dot, .explained .badge { display: none; }
[data-word=connecting] .badge, [data-word=waiting] .badge { background: #262b33; color: #aab3be; }
[data-word=stale] .badge { background: #e0b050; color: #1d1502; }
[data-word=frozen] .badge { background: #8fb8e8; color: #06162a; }
[data-word=offline] .badge, [data-word=refused] .badge, [data-word=removed] .badge, [data-word=link] .badge { background: #d9776c; color: #230704; }
.why { display: none; position: absolute; inset: 0 0 2.4em; place-content: center; justify-items: center; text-align: center;
  padding: 8% 8% 4%; gap: .35em; }
.explained .why { display: grid; }
.what { font-size: 1.25em; font-weight: 600; text-wrap: balance; }
.todo { max-width: 46ch; color: #c3c9d1; font-weight: 400; text-wrap: balance; }
.again { pointer-events: auto; margin-top: .4em; padding: .35em 1em; border: 0; border-radius: 8px; background: #8fb8e8; color: #06162a;
  font: inherit; font-weight: 600; cursor: pointer; }
.again:empty { display: none; }
.info { display: none; position: absolute; inset: .5em auto auto .5em; padding: .15em .5em; border-radius: .4em;
  background: rgb(0 0 0 / .66); font: 500 .92em/1.4 ui-monospace, monospace; white-space: pre; }
.info:not(:empty) { display: block; }
@container (min-width: 900px) { .bar { font-size: 16px; } .why { font-size: 17px; } }
@container (max-width: 330px) { .bar, .info { font-size: 12px; } .bar { padding: 1.3em .55em .35em; } .why { font-size: 12px; } }
@container (max-width: 260px) { .todo { display: none; } }
@container (max-width: 190px) { .bar, .info { font-size: 10.5px; } .bar { padding: 1.1em .45em .25em; } .what { display: none; }
  .explained .badge { display: block; } .badge { padding: 0 .4em .05em; } }
@media (forced-colors: active) { .badge, .info { border: 1px solid; } .dot { background: CanvasText; } }
`;

/** One sheet for all tiles of a document. */
export function tileSheet(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
