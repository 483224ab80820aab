export { launchChromium } from '../../bench/lib/chromium.js';
