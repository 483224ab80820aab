import type { WallClient } from '../client.js';

/** A reload that brought no other version is not tried again sooner, ms: behind a balancer two versions may answer in turn. */
const RELOAD_EVERY_MS = 60_000;
const RELOADED_KEY = 'rtsp-stream-ws.reloaded';

/** Makes the page one for a screen that nobody operates: nothing but pictures, awake, and of the server's version. */
export function becomeKiosk(wall: WallClient): void {
  document.body.classList.add('kiosk');
  addEventListener('contextmenu', (event) => event.preventDefault());
  keepAwake();
  const own = document.querySelector<HTMLMetaElement>('meta[name=version]')?.content ?? '';
  wall.addEventListener('link', () => {
    const given = wall.connected ? wall.pageVersion : null;
    if (own !== '' && given !== null && given !== own) void reload();
  });
}

/** The screen does not blank while the page is shown. Browsers grant it on https and localhost only, and take it back with the page. */
function keepAwake(): void {
  const ask = (): void => {
    if (document.hidden || !('wakeLock' in navigator)) return;
    navigator.wakeLock.request('screen').catch(() => undefined);
  };
  document.addEventListener('visibilitychange', ask);
  ask();
}

async function reload(): Promise<void> {
  const wait = reloadedAt() + RELOAD_EVERY_MS - Date.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  // A server that does not answer now would leave an error page, which nobody reloads.
  const answer = await fetch(location.href, { cache: 'no-store' }).catch(() => null);
  if (!answer?.ok) return;
  sessionStorage.setItem(RELOADED_KEY, String(Date.now()));
  location.reload();
}

function reloadedAt(): number {
  const at = Number(sessionStorage.getItem(RELOADED_KEY) ?? 0);
  // A clock that was set back must not put the next reload off for long.
  return at > Date.now() ? 0 : at;
}
