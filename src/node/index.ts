/**
 * For Node only: a program as a process, signals, a look at what runs.
 *
 * @since 0.2.0
 */
export { monitor, type MonitorOptions } from "./monitor.ts"
export { runMain } from "./runMain.ts"
export { signal } from "./signal.ts"
