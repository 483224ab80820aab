import { stringsFor } from '../page/strings.js';
import { parsePageAddress } from '../page/view.js';
import { ViewPage } from './wall/view-page.js';
import { WallPage } from './wall/wall-page.js';

/** Entry of the wall page: the wall of all cameras, a view, or a kiosk, by its address. */

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
const address = parsePageAddress(location.pathname, location.search);
if (address.view !== null || address.kiosk) new ViewPage(strings, address);
else new WallPage(strings, address.codecs);
