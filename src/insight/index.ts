/**
 * Seeing what a program does.
 *
 * @since 0.2.0
 */
export { type Finding, lint, type LintOptions } from "./lint.ts"
export { named } from "./named.ts"
export { record, type Recorder, recorder, type RecorderOptions } from "./recorder.ts"
export type { Cancel, Outcome, Row, Span, Timeline, Wake } from "./Timeline.ts"
export { type ChromeEvent, type ChromeTrace, toChrome } from "./toChrome.ts"
export { type SvgOptions, toSvg } from "./toSvg.ts"
export { type TextOptions, toText } from "./toText.ts"
