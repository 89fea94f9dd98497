/**
 * Finds the calls, during a watched run, that give another value each time.
 *
 * The host's functions are replaced only while a part of the run goes on without a break, and are put back however it ends: nothing
 * else in the process comes between, so that simultaneous or nested checks do not meet.
 */
import * as Fiber from "effect/Fiber"
import { SingleShotGen } from "effect/Utils"

/** What is called there, on which object. */
const functions: ReadonlyArray<readonly [holder: string | undefined, name: string]> = [
  ["Math", "random"],
  ["Date", "now"],
  ["performance", "now"],
  ["crypto", "randomUUID"],
  ["crypto", "getRandomValues"],
  [undefined, "setTimeout"],
  [undefined, "setInterval"],
  [undefined, "setImmediate"],
  [undefined, "queueMicrotask"]
]

/** How a source begins if Effect's `Random` calls it. */
export const effectsRandom = "Effect's Random "

type Anything = (...args: Array<unknown>) => unknown
type Holder = Record<string, unknown>

/** More of them say nothing new. */
const most = 10

export class Sources {
  private readonly found = new Set<string>()
  /** Where each fiber yielded last. */
  private readonly yields = new WeakMap<object, Error>()
  private whose: () => string | undefined = () => undefined

  get list(): ReadonlyArray<string> {
    return Array.from(this.found)
  }

  /** `whose`: whose step runs. */
  readonly watch = (part: () => void, whose: () => string | undefined): void => {
    this.whose = whose
    const restore: Array<() => void> = []
    try {
      for (const [holderName, name] of functions) {
        const globals = globalThis as unknown as Holder
        const holder = holderName === undefined ? globals : globals[holderName] as Holder | undefined
        const own = holder === undefined ? undefined : Object.getOwnPropertyDescriptor(holder, name)
        const original = holder?.[name]
        if (holder === undefined || typeof original !== "function") continue
        const label = holderName === undefined ? name : `${holderName}.${name}`
        const watched = this.watched(label, original as Anything)
        try {
          Object.defineProperty(holder, name, { configurable: true, writable: true, value: watched })
        } catch {
          continue // a host that froze it
        }
        restore.push(() => {
          if (own === undefined) delete holder[name]
          else Object.defineProperty(holder, name, own)
        })
      }
      restore.push(this.watchYields())
      part()
    } finally {
      for (const put of restore) put()
    }
  }

  private watched(label: string, original: Anything): Anything {
    const found = (): void => this.saw(label)
    return Object.assign(function(this: unknown, ...args: Array<unknown>): unknown {
      found()
      return original.apply(this, args)
    }, original)
  }

  /**
   * When a fiber evaluates something, no line of the program is on the stack. The last line of
   * it that was there is a `yield*`.
   */
  private watchYields(): () => void {
    const { prototype } = SingleShotGen
    const { next } = prototype
    const { yields } = this
    prototype.next = function(a) {
      const fiber = Fiber.getCurrent()
      if (fiber !== undefined) yields.set(fiber, new Error())
      return next.call(this, a)
    }
    return () => {
      prototype.next = next
    }
  }

  private saw(label: string): void {
    if (this.found.size >= most) return
    const places = placesOf(new Error())
    // What a fiber does, up to the run loop.
    const end = places.findIndex(({ name }) => name.endsWith("runLoop"))
    const own = places.slice(0, end === -1 ? places.length : end)
    const caller = own.find(({ place }) => !isEffects(place))
    const whose = this.whose()
    // What drives the run is not part of the program.
    if (caller === undefined ? whose === undefined : caller.place.startsWith(home)) return
    const fiber = Fiber.getCurrent()
    const yielded = fiber && this.yields.get(fiber)
    const place = caller ?? (yielded && placesOf(yielded).find(({ place }) => !isEffects(place))) ?? places[0]
    const what = own.some(({ place }) => isEffectsRandom(place)) ? effectsRandom : `${label} `
    this.found.add(`${what}at ${place?.place ?? "an unknown place"}${whose === undefined ? "" : `, in '${whose}'`}`)
  }
}

interface Place {
  /** Of the function. */
  readonly name: string
  readonly place: string
}

const withoutScheme = (place: string): string => place.replace(/^file:\/\//, "")

/** Where this package is, as places have it. */
const home = withoutScheme(import.meta.url.replace(/\/(src|dist)\/.*$/, "/$1/"))

const isEffects = (place: string): boolean => /[\\/]node_modules[\\/]effect[\\/]/.test(place)

const isEffectsRandom = (place: string): boolean => isEffects(place) && /[\\/][Rr]andom\.[jt]s\b/.test(place)

/** What is on the stack, without this file. */
const placesOf = ({ stack = "" }: Error): ReadonlyArray<Place> =>
  stack.split("\n").flatMap((line) => {
    const [, name = "", place] = /^\s*(?:at\s+)?(?:async )?(?:(.*?)[ @]\(?)?\(?([^()\s@]+:\d+:\d+)\)?$/.exec(line) ?? []
    return place === undefined || withoutScheme(place).startsWith(here) ? [] : [{ name, place: withoutScheme(place) }]
  })

/** This file. */
const here = withoutScheme(import.meta.url)
