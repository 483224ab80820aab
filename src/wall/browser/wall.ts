import { stringsFor } from '../page/strings.js';
import { WallPage } from './wall-page.js';

/** Entry of the wall page. */

/** The service has set a cookie from the token by now, so it need not stay where people copy it from. */
function hideToken(): void {
  const url = new URL(location.href);
  if (!url.searchParams.has('token')) return;
  url.searchParams.delete('token');
  history.replaceState(null, '', url);
}

hideToken();
const strings = stringsFor(navigator.language);
document.documentElement.lang = strings.lang;
document.title = strings.wall;
new WallPage(strings);
