/**
 * Programs that take their time, each with this library and with Effect's own verbs, on a host whose monotonic clock is
 * rounded, stands, goes back or jumps. Both have to take the same time. Part of `npm run verify -- hosts`; runs in any host.
 */
import * as asyncio from "effect-asyncio"
import * as Effect from "effect/Effect"

type Read = (millis: number) => number

const since = Date.now()

/** What the monotonic clock reads at which time, in milliseconds. */
const clocks: Readonly<Record<string, Read>> = {
  "as it is": (now) => now,
  "in steps of 16.67 ms": (now) => Math.floor(now / 16.67) * 16.67,
  "in steps of 100 ms": (now) => Math.floor(now / 100) * 100,
  standing: () => 1e6,
  "going back by an hour": (now) => Date.now() % 100 < 50 ? now : now - 3_600_000,
  "jumping by two hours": (now) => now + Math.floor((Date.now() - since) / 75) * 7_200_000
}

const replaceClock = (read: Read): () => void => {
  const host = globalThis as { readonly process?: { readonly hrtime?: { bigint?: () => bigint } } }
  const hrtime = host.process?.hrtime
  const before = { now: Object.getOwnPropertyDescriptor(performance, "now"), bigint: hrtime?.bigint }
  const now = performance.now.bind(performance)
  performance.now = () => read(now())
  if (hrtime !== undefined) hrtime.bigint = () => BigInt(Math.round(read(now()) * 1e6))
  return () => {
    if (before.now === undefined) Reflect.deleteProperty(performance, "now")
    else Object.defineProperty(performance, "now", before.now)
    if (hrtime !== undefined && before.bigint !== undefined) hrtime.bigint = before.bigint
  }
}

type Sleep = (millis: number) => Effect.Effect<void>
type Limit = (millis: number, effect: Effect.Effect<void>) => Effect.Effect<void, unknown, asyncio.EventLoop.EventLoop>
type Program = (sleep: Sleep, limit: Limit) => Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

const times = <A, E, R>(n: number, effect: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: n }), () => effect, { discard: true })

/** With the milliseconds that they take at least; a host's timer may end one early. */
const programs: Readonly<Record<string, readonly [least: number, program: Program]>> = {
  "ten sleeps": [90, (sleep) => times(10, sleep(10))],
  "sleeps that begin while others sleep": [
    130,
    (sleep) =>
      Effect.forEach([0, 4, 9, 13, 22, 37], (begin) => Effect.andThen(Effect.sleep(begin), times(4, sleep(25))), {
        concurrency: "unbounded"
      })
  ],
  "deadlines that pass": [95, (sleep, limit) => times(5, Effect.ignore(limit(20, sleep(3_600_000))))],
  "deadlines that do not": [90, (sleep, limit) => limit(60_000, Effect.asVoid(times(10, sleep(10))))]
}

const ours = (program: Program) =>
  program((millis) => asyncio.sleep(millis), (millis, effect) => asyncio.timeout(millis, () => effect))
const theirs = (program: Program) =>
  program((millis) => Effect.sleep(millis), (millis, effect) => Effect.timeout(effect, millis))

const durationOf = async (program: ReturnType<Program>): Promise<number> => {
  const begin = Date.now()
  await asyncio.run(Effect.ignore(program))
  return Date.now() - begin
}

/** What a program takes too much or too little time for, if it does so three times: a machine may be busy. */
const judge = async (least: number, program: Program, tries = 3): Promise<string | undefined> => {
  const [ms, own] = [await durationOf(ours(program)), await durationOf(theirs(program))]
  if (ms >= least && ms <= own + 20) return undefined
  return tries > 1 ? judge(least, program, tries - 1) : `${ms} ms, Effect's own ${own} ms`
}

export const judgeClocks = async (): Promise<ReadonlyArray<string>> => {
  const problems: Array<string> = []
  for (const [clock, read] of Object.entries(clocks)) {
    const restore = replaceClock(read)
    for (const [name, [least, program]] of Object.entries(programs)) {
      const problem = await judge(least, program)
      if (problem !== undefined) problems.push(`on a clock ${clock}, ${name} take ${problem}`)
    }
    restore()
  }
  return problems
}
