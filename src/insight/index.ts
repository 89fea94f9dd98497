/**
 * Seeing what a program does.
 *
 * @since 0.2.0
 */
export { formatCallGraph, printCallGraph } from "./callGraph.ts"
export { format, type FormatOptions } from "./format.ts"
export { type Finding, lint, type LintOptions } from "./lint.ts"
export { layerMetrics } from "./metrics.ts"
export { type Nameable, named } from "./named.ts"
export { record, type Recorder, recorder, type RecorderOptions } from "./recorder.ts"
export { currentLoop, type Frame, type LoopInfo, snapshot, type State, type TaskInfo, type Wait } from "./snapshot.ts"
export { layerSpanEvents, type SpanEventsOptions } from "./spanEvents.ts"
export type { Cancel, Outcome, Row, Span, Timeline, Wake } from "./Timeline.ts"
export { type ChromeEvent, type ChromeTrace, toChrome } from "./toChrome.ts"
export { type SvgOptions, toSvg } from "./toSvg.ts"
export { type TextOptions, toText } from "./toText.ts"
