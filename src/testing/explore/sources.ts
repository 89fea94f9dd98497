/**
 * Who calls what gives another value each time, while a run is watched.
 *
 * The host's functions are replaced for no longer than a part of the run goes at once, and put back however it ends: nothing
 * else of the process comes between, so that checks at the same time, or one inside of another, do not meet.
 */

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

type Anything = (...args: Array<unknown>) => unknown
type Holder = Record<string, unknown>

/** More of them say nothing new. */
const most = 10

export class Sources {
  private readonly found = new Set<string>()
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

  private saw(label: string): void {
    if (this.found.size >= most) return
    const whose = this.whose()
    const place = callerOf(new Error().stack)
    // What drives the run is none of the program's.
    if (place.startsWith(home)) return
    this.found.add(`${label} at ${place}${whose === undefined ? "" : `, in '${whose}'`}`)
  }
}

const withoutScheme = (place: string): string => place.replace(/^file:\/\//, "")

/** Where this package is, as places have it. */
const home = withoutScheme(import.meta.url.replace(/\/(src|dist)\/.*$/, "/$1/"))

/** The first place on the stack that is neither this file nor Effect's own. */
const callerOf = (stack: string | undefined): string => {
  const places = (stack ?? "").split("\n").map((line) => /\(?([^()\s]+:\d+:\d+)\)?$/.exec(line)?.[1])
  const outside = places.filter((place) => place !== undefined).slice(3)
  const place = outside.find((place) => !/[\\/]node_modules[\\/]effect[\\/]/.test(place)) ?? outside[0]
  return place === undefined ? "an unknown place" : withoutScheme(place)
}
