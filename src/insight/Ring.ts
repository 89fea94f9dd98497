/**
 * The last things that a recorder has seen, a slot each: a span, a request to cancel, or the last run of a task with
 * everything that is known about it. When it is full, the oldest is replaced.
 *
 * A task's end is its last slot, so whatever else is in the ring about it has an end there, too, or a life that is not
 * over. Nothing here is an object kept for each task: objects that survive cost most. A slot is one cache line for its
 * numbers, and half of one for its texts: separate columns would touch ten lines. 96 bytes a slot.
 */
import type { CallSite } from "../internal/host/callSite.ts"

/** What is kept about a task, and about one that is alive. */
export interface Known {
  readonly kind: "task" | "branch"
  readonly id: number
  readonly loop: number
  /** 0: none, or not known. */
  readonly parent: number
  /** A name, or the number in a default name. */
  readonly name: string | number
  readonly site: CallSite | undefined
  readonly runs: string | undefined
  readonly error: string | undefined
  readonly begin: number
}

export const kinds = [
  "run",
  "ready",
  "wait",
  "outside",
  "ok",
  "failed",
  "cancelled",
  "cancel",
  "ended",
  "ended ok",
  "ended failed",
  "ended cancelled"
] as const
/** The kind of a span, the outcome of a block, a request to cancel, or an end. */
export type Kind = typeof kinds[number]

const numbers = Object.fromEntries(kinds.map((kind, index) => [kind, index])) as Readonly<Record<Kind, number>>
export const { cancel, cancelled, failed, ok, outside, ready, run, wait } = numbers
const ended = numbers["ended"]

const outcomes = [undefined, "ok", "failed", "cancelled"] as const
export type Outcome = typeof outcomes[number]

/** A span, or a request to cancel. */
export interface Seen {
  readonly kind: Kind
  readonly id: number
  readonly from: number
  readonly to: number
  /** What it waited for, in words; a number if it slept, in milliseconds. */
  readonly what: string | number | undefined
  readonly heldBy: number
  readonly wokenBy: number
}

export interface Ended extends Known {
  readonly end: number
  readonly outcome: Outcome
}

/**
 * Where the numbers of a slot are. `first`: the holder, or an end's parent. `second`: who ended it, or an end's loop.
 */
const kindAt = 0
const idAt = 1
const fromAt = 2
const toAt = 3
const firstAt = 4
const secondAt = 5
const beginAt = 6
const numbersOf = 8

/** And where the rest is. `what`: for an end, the name. */
const whatAt = 0
const siteAt = 1
const runsAt = 2
const errorAt = 3
const restOf = 4

export class Ring {
  private readonly numbers: Float64Array
  private readonly rest: Array<string | number | CallSite | undefined>
  private readonly capacity: number
  // INVARIANT: how many slots were ever written; the next one goes to `next`.
  private written = 0
  private next = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.numbers = new Float64Array(capacity * numbersOf)
    this.rest = new Array(capacity * restOf).fill(undefined)
  }

  write(
    kind: number,
    id: number,
    from: number,
    to: number,
    what: string | number | undefined,
    heldBy: number,
    wokenBy: number
  ): void {
    const i = this.take(kind, id, from, to, heldBy, wokenBy)
    const { rest } = this
    const at = i * restOf
    rest[at + whatAt] = what
    rest[at + siteAt] = rest[at + runsAt] = rest[at + errorAt] = undefined
  }

  /** Its last run began at `from`. */
  writeEnd(known: Known, from: number, end: number, outcome: Outcome): void {
    const { kind, loop } = known
    const number = ended + outcomes.indexOf(outcome)
    const i = this.take(number, known.id, from, end, known.parent, kind === "task" ? loop : -loop)
    this.numbers[i * numbersOf + beginAt] = known.begin
    const { rest } = this
    const at = i * restOf
    rest[at + whatAt] = known.name
    rest[at + siteAt] = known.site
    rest[at + runsAt] = known.runs
    rest[at + errorAt] = known.error
  }

  private take(kind: number, id: number, from: number, to: number, first: number, second: number): number {
    const { next: i, numbers } = this
    this.next = i + 1 === this.capacity ? 0 : i + 1
    this.written++
    const at = i * numbersOf
    numbers[at + kindAt] = kind
    numbers[at + idAt] = id
    numbers[at + fromAt] = from
    numbers[at + toAt] = to
    numbers[at + firstAt] = first
    numbers[at + secondAt] = second
    return i
  }

  get dropped(): number {
    return Math.max(0, this.written - this.capacity)
  }

  /** The places in use, the oldest first. */
  private get places(): ReadonlyArray<number> {
    const size = Math.min(this.written, this.capacity)
    const first = this.written > this.capacity ? this.next : 0
    return Array.from({ length: size }, (_, n) => (first + n) % this.capacity)
  }

  /** What was seen, and which tasks have ended. */
  read(): { readonly seen: ReadonlyArray<Seen>; readonly ended: ReadonlyArray<Ended> } {
    const seen: Array<Seen> = []
    const all: Array<Ended> = []
    for (const i of this.places) {
      const [kind, id, from, to, first, second, begin] = this.numbers.subarray(i * numbersOf) as unknown as Numbers
      // Each `write…` puts these types in these places.
      const [what, site, runs, error] = this.rest.slice(i * restOf, (i + 1) * restOf) as unknown as Rest
      if (kind < ended) seen.push({ kind: kinds[kind]!, id, from, to, what, heldBy: first, wokenBy: second })
      else {
        seen.push({ kind: "run", id, from, to, what: undefined, heldBy: 0, wokenBy: 0 })
        all.push({
          kind: second < 0 ? "branch" : "task",
          id,
          loop: Math.abs(second),
          parent: first,
          name: what!,
          site,
          runs,
          error,
          begin,
          end: to,
          outcome: outcomes[kind - ended]
        })
      }
    }
    return { seen, ended: all }
  }
}

type Numbers = readonly [number, number, number, number, number, number, number]
type Rest = readonly [
  what: Seen["what"],
  site: CallSite | undefined,
  runs: string | undefined,
  error: string | undefined
]
