/** Programs that sleep and have deadlines, to be run with this library's verbs and with Effect's own. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"

type Running<A> = Effect.Effect<A, unknown, asyncio.EventLoop.EventLoop>

export interface Kit {
  readonly sleep: (millis: number) => Effect.Effect<void>
  readonly limit: (millis: number, effect: Running<void>) => Running<void>
  readonly all: (effects: ReadonlyArray<Running<void>>) => Running<unknown>
  readonly run: (program: Running<unknown>) => Promise<unknown>
}

const ours: Kit = {
  sleep: (millis) => asyncio.sleep(millis),
  limit: (millis, effect) => asyncio.timeout(millis, () => effect),
  all: asyncio.gather,
  run: asyncio.run
}

const effects: Kit = {
  sleep: (millis) => Effect.sleep(millis),
  limit: (millis, effect) => Effect.timeout(effect, millis),
  all: (effects) => Effect.all(effects, { concurrency: "unbounded" }),
  // None of its programs asks for the loop.
  run: (program) => Effect.runPromise(program as Effect.Effect<unknown, unknown>)
}

type Log = (line: unknown) => Effect.Effect<void>

/** Time that neither kit knows of. */
const elsewhere = (millis: number) => Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, millis)))

const loop = (kit: Kit, log: Log, name: string, times: number, millis: number) =>
  Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* Effect.andThen(kit.sleep(millis), log(`${name} ${i}`))
  })

const hour = 3_600_000

export const programs: Readonly<Record<string, (kit: Kit, log: Log) => Running<unknown>>> = {
  "ten sleeps": (kit, log) => loop(kit, log, "nap", 10, 10),
  "sleeps at once": (kit, log) =>
    kit.all([3000, 1000, 2000].map((millis) => Effect.andThen(kit.sleep(millis), log(millis)))),
  "a deadline that passes": (kit, log) => Effect.catch(kit.limit(500, kit.sleep(1000)), () => log("too late")),
  "a deadline that does not": (kit, log) => kit.limit(500, Effect.andThen(kit.sleep(100), log("in time"))),
  "a sleep that begins half-way": (kit, log) =>
    kit.all([
      Effect.andThen(kit.sleep(100), log("a")),
      Effect.andThen(elsewhere(50), Effect.andThen(kit.sleep(100), log("b")))
    ]),
  "loops that begin at different times": (kit, log) =>
    kit.all([0, 3, 8, 13, 21, 34, 55, 89].map((begin) =>
      Effect.andThen(
        elsewhere(begin),
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) {
            yield* loop(kit, log, `from ${begin}, ${i}`, 1, 20)
            yield* Effect.catch(kit.limit(7, kit.sleep(hour)), () => log(`from ${begin}, ${i}: too late`))
          }
        })
      )
    )),
  "loops in step": (kit, log) => kit.all([1, 2, 3].map((n) => loop(kit, log, `${n}`, 20, 7 * n))),
  "deadlines far away": (kit, log) => kit.limit(60_000, kit.limit(3 * hour, loop(kit, log, "nap", 20, 9))),
  "sleeps far away": (kit, log) =>
    kit.all([
      Effect.andThen(kit.sleep(3 * hour), log("three hours")),
      Effect.andThen(kit.sleep(60_000), log("a minute")),
      Effect.andThen(elsewhere(100), loop(kit, log, "nap", 20, 9))
    ]),
  "hours": (kit, log) => kit.limit(5 * hour, loop(kit, log, "hour", 4, hour))
}

/** What the program writes when, and how it ends, while `drive` lets time pass. */
const observe = async (kit: Kit, name: string, drive: () => unknown): Promise<ReadonlyArray<string>> => {
  const begin = Date.now()
  const lines: Array<string> = []
  const log: Log = (line) => Effect.sync(() => void lines.push(`${Date.now() - begin} ${line}`))
  const running = kit.run(programs[name]!(kit, log)).then(() => lines.push(`${Date.now() - begin} done`))
  await drive()
  await running
  return lines
}

export const observeOurs = (name: string, drive: () => unknown) => observe(ours, name, drive)
export const observeEffects = (name: string, drive: () => unknown) => observe(effects, name, drive)
