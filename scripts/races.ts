/**
 * `node --conditions=effect-asyncio-source scripts/races.ts`: writes `docs/races.md`, how many runs each strategy needs
 * until it finds each of the races of `examples/races`, and draws one of them as `docs/race.svg`. The same text every
 * time: schedules are counted, not seconds.
 */
import { Effect } from "effect"
import type { EventLoop } from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import { markdownTable } from "markdown-table"
import { writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { exhibits } from "../examples/races.ts"
import { effectRaces } from "../test/explore/effectRaces.ts"
import { fragile } from "../test/explore/fragile.ts"

type Program = Effect.Effect<unknown, unknown, EventLoop.EventLoop>

const strategies: ReadonlyArray<readonly [title: string, strategy: Explore.Strategy]> = [
  ["`\"mixed\"`", "mixed"],
  ["`\"single\"`", "single"],
  ["`{ bounded: 2 }`", { bounded: 2 }],
  ["`{ random: 0.2 }`", { random: 0.2 }],
  ["`{ pct: 3 }`", { pct: 3 }]
]

/** How long it takes says nothing here. */
const unlimited: Explore.Options = { runs: 500, timeLimit: "1 hour" }

/** "3 × yield, interrupt". */
const kindsOf = (deviations: ReadonlyArray<Explore.Deviation>): string => {
  const counts = new Map<string, number>()
  for (const { kind } of deviations) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return Array.from(counts, ([kind, count]) => count === 1 ? kind : `${count} × ${kind}`).join(", ")
}

const find = (program: Program, options: Explore.Options) =>
  Explore.check(program, { ...unlimited, ...options }).pipe(
    Effect.map(() => "–"),
    Effect.catchTag("ScheduleError", ({ runs, shrunk }) => Effect.succeed(`${runs}: ${kindsOf(shrunk)}`))
  )

const table = Effect.fnUntraced(function*(programs: ReadonlyArray<readonly [string, Program, Explore.Vary]>) {
  const rows = yield* Effect.forEach(programs, ([name, program, vary]) =>
    Effect.map(
      Effect.forEach(strategies, ([, strategy]) => find(program, { vary, strategy })),
      (cells) => [name, ...cells]
    ))
  return markdownTable([["race", ...strategies.map(([title]) => title)], ...rows])
})

const races = (vary: Explore.Vary) =>
  table(Object.entries(exhibits).map(([name, { race }]) => [name, race, vary] as const))

const stories = Object.entries(exhibits).map(([name, { report, story, title }]) =>
  `### ${title}

${story.replaceAll("\n", " ")}

[\`examples/races/${name}.ts\`](../examples/races/${name}.ts); a report of the kind: <${report}>
`
).join("\n")

/** What can happen on the live loop. */
export const world = races({})

/** The page. */
export const write = Effect.gen(function*() {
  const relyingOnOrder = Object.entries(fragile).map(([name, program]) => [name, program, { order: true }] as const)
  const inEffect = Object.entries(effectRaces).map(([name, { race, vary }]) =>
    [
      Object.keys(vary).length === 0 ? name : `${name} (${Object.keys(vary).join(", ")})`,
      race,
      vary
    ] as const
  )
  return `# Races

Twelve kinds of races that many programs have had, each with a fixed twin. Each passes in the order in which it is
written, so its test is green. \`npm run example races\` shows what [\`Explore.check\`](exploring.md) says of them,
\`npm run example races lock-order\` the whole report of one. \`scripts/races.ts\` writes this page.

![the report of a race: the failing run above the nearest that passes](race.svg)

${stories}
## How many runs it takes

The run in which a strategy finds the race, and the deviations left once it is shrunk; "–" if 500 runs have not found it. The
first two runs are the written order, so 3 is the first deviation that was tried. The seed is 1; another one changes what is
random.

What can happen on the live loop, which is the default:

${yield* world}

With \`{ cancel: true, order: true }\` as well there are more places to look at:

${yield* races({ cancel: true, order: true })}

Two programs that rely on the written order alone, with \`{ order: true }\`. Nothing that can happen breaks them, and the
default leaves them alone:

${yield* table(relyingOnOrder)}

The same races in plain Effect, with fibers, \`Deferred\` and \`Effect.timeout\`
(\`test/explore/effectRaces.ts\`). Two need a fiber
that yields where Effect may make it:

${yield* table(inEffect)}
`
})

/** The picture of a payment that is made twice. */
export const draw = Effect.map(
  Effect.flip(Explore.check(exhibits["double-charge"]!.race)),
  (error) => error._tag === "ScheduleError" ? error.svg() : error.message
)

const docs = resolve(import.meta.dirname, "../docs")
export const page = resolve(docs, "races.md")
export const picture = resolve(docs, "race.svg")

if (import.meta.main) {
  writeFileSync(page, await Effect.runPromise(write))
  writeFileSync(picture, await Effect.runPromise(draw))
}
