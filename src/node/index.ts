/**
 * What Node alone has: signals, a look at what runs.
 *
 * @since 0.2.0
 */
export { monitor, type MonitorOptions } from "./monitor.ts"
export { signal } from "./signal.ts"
