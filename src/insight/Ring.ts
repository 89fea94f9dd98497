/**
 * The last so many things that a recorder has seen, in columns: a span, or a request to cancel, a slot. What is too much
 * takes the place of the oldest. 41 bytes a slot, and the lives that are named there.
 */
import type { Life } from "./Life.ts"

export const kinds = ["run", "ready", "wait", "outside", "ok", "failed", "cancelled", "cancel"] as const
/** Of a span; of a block by its outcome; or a request to cancel. */
export type Kind = typeof kinds[number]
const numbers = Object.fromEntries(kinds.map((kind, index) => [kind, index])) as Readonly<Record<Kind, number>>

export interface Slot {
  readonly kind: Kind
  readonly life: Life
  readonly from: number
  readonly to: number
  readonly what: string | number | undefined
  readonly heldBy: number
  readonly wokenBy: number
}

export class Ring {
  private readonly kind: Uint8Array
  private readonly from: Float64Array
  private readonly to: Float64Array
  private readonly life: Array<Life | undefined>
  private readonly what: Array<string | number | undefined>
  /** Ids of tasks; 0: none. */
  private readonly heldBy: Uint32Array
  private readonly wokenBy: Uint32Array
  private readonly capacity: number
  // INVARIANT: all slots ever written; the next one goes to `next`.
  private written = 0
  private next = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.kind = new Uint8Array(capacity)
    this.from = new Float64Array(capacity)
    this.to = new Float64Array(capacity)
    this.life = new Array(capacity).fill(undefined)
    this.what = new Array(capacity).fill(undefined)
    this.heldBy = new Uint32Array(capacity)
    this.wokenBy = new Uint32Array(capacity)
  }

  write(
    life: Life,
    kind: Kind,
    from: number,
    to: number,
    what: string | number | undefined,
    heldBy: number,
    wokenBy: number
  ): void {
    const i = this.next
    this.next = i + 1 === this.capacity ? 0 : i + 1
    this.written++
    this.kind[i] = numbers[kind]
    this.from[i] = from
    this.to[i] = to
    this.life[i] = life
    this.what[i] = what
    this.heldBy[i] = heldBy
    this.wokenBy[i] = wokenBy
  }

  get dropped(): number {
    return Math.max(0, this.written - this.capacity)
  }

  /** The oldest first. */
  *slots(): Generator<Slot> {
    const size = Math.min(this.written, this.capacity)
    const first = this.written > this.capacity ? this.next : 0
    for (let n = 0; n < size; n++) {
      const i = (first + n) % this.capacity
      yield {
        kind: kinds[this.kind[i]!]!,
        life: this.life[i]!,
        from: this.from[i]!,
        to: this.to[i]!,
        what: this.what[i],
        heldBy: this.heldBy[i]!,
        wokenBy: this.wokenBy[i]!
      }
    }
  }
}
