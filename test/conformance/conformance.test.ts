import { describe, expect, it } from "vitest"
import { checksOf, isUntranslated } from "./compare.ts"
import { readCases } from "./suite.ts"

const { cases, strays } = await readCases()

it("every entry of a group file has its Python program", () => {
  expect(strays).toEqual([])
})

const groups = Array.from(
  Map.groupBy(cases, (self) => self.group),
  ([group, members]) => [group, members.flatMap(checksOf).map(({ run, title }) => [title, run] as const)] as const
)

describe.each(groups.filter(([, checks]) => checks.length > 0))("%s", (_, checks) => {
  it.each(checks)("%s", (_, run) => run())
})

it("all of it once more on the virtual loop, in the same process: the same, in under 10 seconds", async () => {
  const again = cases
    .filter(({ scenario }) => scenario !== undefined && !isUntranslated(scenario))
    .flatMap(checksOf)
    .filter(({ title }) => title.endsWith(", virtual"))
  const began = performance.now()
  for (const { run } of again) await run()
  expect(performance.now() - began).toBeLessThan(10_000)
}, 20_000)
