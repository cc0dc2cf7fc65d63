// Keys of requests.

/** Returns an unguessable key for a request, so that a repeated click makes one film. */
export function requestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
