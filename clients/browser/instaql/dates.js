// Dates as the server reads them (instaql.md §2.3), as milliseconds since 1970 UTC. What names no
// zone is UTC, whatever the zone of this machine.

const DAY = /(\d+)-(\d{1,2})-(\d{1,2})/.source;
const TIME = /(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?)?/.source;
const ZONE = /(Z|[+-]\d\d(?::?\d\d)?)?/.source;
const ISO = new RegExp(`^${DAY}${TIME}${ZONE}$`);
const AMERICAN = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$/;
const NAMES_A_ZONE = /(?:Z|GMT|UTC|[A-Z]{3,6}|[+-]\d\d:?\d\d)(?: \(.*\))?$/;

/**
 * @param {any} value a number of milliseconds or a text
 * @returns {number | null} null where the value is null; NaN where it is no date
 */
export function instantOf(value) {
  if (value == null || typeof value === 'number') return value ?? null;
  if (typeof value !== 'string') return NaN;
  const text = value.trim().replace(/^"(.*)"$/, '$1');
  const iso = ISO.exec(text);
  if (iso) return fromIso(iso);
  const american = AMERICAN.exec(text);
  if (american) return Date.UTC(+american[3], +american[1] - 1, +american[2]);
  if (text === 'epoch') return 0;
  return Date.parse(NAMES_A_ZONE.test(text) ? text : `${text} UTC`);
}

/** @param {RegExpExecArray} parts */
function fromIso([, year, month, day, hour = '0', minute = '0', second = '0', zone = 'Z']) {
  const date = new Date(0).setUTCFullYear(+year, +month - 1, +day);
  const time = (+hour * 60 + +minute) * 60_000 + Math.floor(+second * 1000);
  return date + time - offsetOf(zone);
}

/** @param {string} zone */
function offsetOf(zone) {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [zone.slice(1, 3), zone.slice(3).replace(':', '') || '0'];
  return (zone[0] === '-' ? -1 : 1) * (+hours * 60 + +minutes) * 60_000;
}
