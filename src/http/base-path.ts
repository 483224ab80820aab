/**
 * Where a path of the service is found: at the top, and below BASE_PATH as well. So it does not matter whether a proxy passes the
 * prefix on or strips it, and probes beside the proxy need not know it.
 * @param basePath as the setting: `/cameras`, or '' for none
 */
export function pathsOf(path: string, basePath: string): readonly string[] {
  if (basePath === '') return [path];
  // The page also without a slash at the end: its addresses do not depend on it.
  return path === '/' ? [path, `${basePath}/`, basePath] : [path, `${basePath}${path}`];
}
