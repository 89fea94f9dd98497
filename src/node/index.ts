/**
 * What Node alone has: signals.
 *
 * @since 0.2.0
 */
export { signal } from "./signal.ts"
