/**
 * The version of this code, as in package.json: in the bundle, the reports, `service.version` and the
 * User-Agent of every call. A constant, because the bundle has no package.json beside it.
 */
export const VERSION = '0.1.0';

/** How the function and the command line name themselves to the services that they call. */
export const USER_AGENT = `vtepwatch/${VERSION}`;
