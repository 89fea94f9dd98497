/**
 * Who records changes nothing: the scenarios, the fuzzer's corpus and the laws' programs take the same steps with a recorder
 * as without; and whatever it has recorded of them can be shown. `npm run laws -- --recorded` does it for every step that is
 * hit, `npm run fuzz -- --recorded` for new programs.
 */
import { Effect } from "effect"
import { record as recordProgram, type Timeline, toChrome, toSvg, toText } from "effect-asyncio/insight"
import { expect, it } from "vitest"
import { observe } from "../../src/internal/kernel/observer.ts"
import { record } from "../conformance/harness.ts"
import { readCases } from "../conformance/suite.ts"
import { ours, readCorpus } from "../fuzz/differ.ts"
import { runOnce } from "../laws/everyStep.ts"
import { defaultSeed, subjects } from "../laws/subjects.ts"
import { wrongIn } from "../support/traceEvents.ts"

/** The steps that a run takes, and what it gives. */
const stepsOf = async <A>(run: () => Promise<A>) => {
  const steps: Array<string> = []
  const stop = observe({
    stepBegan: ({ owner, what }) => {
      // Those that no queue sees are seen by who asks for them alone.
      if (what !== "resumed") steps.push(owner instanceof Object && "name" in owner ? `${what} ${owner.name}` : what)
    }
  })
  try {
    return { steps, result: await run() }
  } finally {
    stop()
  }
}

/** What has to hold of any timeline. */
const wrongWith = (timeline: Timeline): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  for (const { begin, end, name, spans } of timeline.tasks) {
    let last = -Infinity
    for (const span of spans) {
      const { from, kind, to } = span
      const about = `${name}: ${JSON.stringify(span)}`
      if (!(from <= to)) wrong.push(`goes back: ${about}`)
      if (from < begin || end !== undefined && to > end) wrong.push(`beyond the task: ${about}`)
      if (kind === "block") continue
      if (from < last) wrong.push(`overlaps: ${about}`)
      last = to
    }
  }
  if (/NaN|undefined/.test(toText(timeline))) wrong.push("toText")
  if (/NaN|Infinity/.test(toSvg(timeline))) wrong.push("toSvg")
  return [...wrong, ...wrongIn(toChrome(timeline))]
}

const same = async <A>(run: () => Promise<A>): Promise<A> => {
  const alone = await stepsOf(run)
  const [, timeline] = await Effect.runPromise(
    recordProgram(Effect.promise(async () => {
      const recorded = await stepsOf(run)
      expect(recorded).toEqual(alone)
    })).pipe(Effect.tap(([exit]) => exit))
  )
  expect(wrongWith(timeline)).toEqual([])
  return alone.result
}

const { cases } = await readCases()
const mains = cases.flatMap(({ name, scenario, trace }) =>
  typeof scenario === "function" && trace !== undefined ? [[name, scenario] as const] : []
)

it.each(mains)("%s", async (_, main) => {
  await same(() => record(main, "virtual"))
})

/** One of so many: all of them take a quarter of a minute. */
const some = 5

it("random programs", async () => {
  for (const { program } of readCorpus().entries.filter((_, index) => index % some === 0)) {
    await same(() => ours(program, "virtual"))
  }
})

it.each(subjects)("the laws of $name", async ({ programs, random }) => {
  const all = [...programs, ...random === undefined ? [] : [random(defaultSeed)]]
  for (const program of all.filter((_, index) => index % some === 0)) {
    const { alive } = await same(async () => {
      const { alive, law, outcomes } = await runOnce(program, [])
      return { alive, violations: law.violations, outcomes }
    })
    // Hit in its middle.
    const step = Math.ceil(alive.length / 2)
    const [task] = alive[step - 1] ?? []
    if (task === undefined) continue
    for (const how of ["cancel", "interrupt"] as const) {
      await same(async () => {
        const { alive, law, outcomes } = await runOnce(program, [{ step, task, how }])
        return { alive, violations: law.violations, outcomes }
      })
    }
  }
})
