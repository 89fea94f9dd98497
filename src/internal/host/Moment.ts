/**
 * A time of a loop's clock, in both of its units: whole nanoseconds, which timers count, and seconds, which asyncio
 * shows.
 *
 * A time given in seconds is shown as it was given, not as it was rounded.
 */
export interface Moment {
  readonly nanos: number
  readonly seconds: number
}

export const never: Moment = { nanos: Infinity, seconds: Infinity }

export const toSeconds = (nanos: number): number => nanos / 1e9

export const ofNanos = (nanos: number): Moment => ({ nanos, seconds: toSeconds(nanos) })

export const ofSeconds = (seconds: number): Moment => ({ nanos: Math.round(seconds * 1e9), seconds })
