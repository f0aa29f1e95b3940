/** @returns {import('../client.js').Network} */
export function browserNetwork(): import("../client.js").Network;
