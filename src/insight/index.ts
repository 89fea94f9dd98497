/**
 * Seeing what a program does.
 *
 * @since 0.2.0
 */
export { formatCallGraph, printCallGraph } from "./callGraph.ts"
export { format, type FormatOptions } from "./format.ts"
export { layerMetrics } from "./metrics.ts"
export { type Nameable, named } from "./named.ts"
export { currentLoop, type Frame, type LoopInfo, snapshot, type State, type TaskInfo, type Wait } from "./snapshot.ts"
export { layerSpanEvents, type SpanEventsOptions } from "./spanEvents.ts"
