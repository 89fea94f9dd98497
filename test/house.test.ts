/** That the check of the house sees what it is there for. */
import { expect, it } from "@effect/vitest"
import { linesOfCode, problemsOf, readFiles } from "../scripts/house.ts"

const files = readFiles()
const problemsWith = (changes: Readonly<Record<string, string>>) =>
  problemsOf(new Map([...files, ...Object.entries(changes)]), files.keys())

it("the house stands", () => expect(problemsOf(files, files.keys())).toEqual([]))

it("an import from a layer above is found, of a type too", () => {
  expect(problemsWith({ "src/internal/kernel/New.ts": `import type { TaskImpl } from "../task/task.ts"\n` })).toEqual([
    "src/internal/kernel/New.ts imports src/internal/task/task.ts, from a layer above"
  ])
})

it("a circle is found, of types too, also where nobody imports from above", () => {
  const problems = problemsWith({
    "src/internal/host/A.ts": `import { B } from "./B.ts"\n`,
    "src/internal/host/B.ts": `import type {\n  A\n} from "./A.ts"\n`
  })
  expect(problems).toEqual(["a circle: src/internal/host/A.ts -> src/internal/host/B.ts -> src/internal/host/A.ts"])
})

it("a part that loads another one is found, and the core that loads any", () => {
  const problems = problemsWith({
    "src/New.ts": `import { Job } from "./executors/Job.ts"\n`,
    "src/executors/New.ts": `import { Pool } from "./node/Pool.ts"\n`,
    "src/executors/node/New.ts": `import { Job } from "../Job.ts"\nimport { make } from "../cluster/index.ts"\n`
  })
  expect(problems).toEqual([
    "src/New.ts imports src/executors/Job.ts, of another part",
    "src/executors/New.ts imports src/executors/node/Pool.ts, of another part",
    "src/executors/node/New.ts imports src/executors/cluster/index.ts, of another part"
  ])
})

it("a file in no layer, one that was not read, and an empty layer are found", () => {
  expect(problemsWith({ "src/internal/stray/New.ts": "" })).toEqual(["src/internal/stray/New.ts stands in no layer"])
  expect(problemsOf(files, [...files.keys(), "src/unread.ts"])).toEqual(["src/unread.ts was not read"])
  const withoutHost = new Map(Array.from(files).filter(([path]) => !path.startsWith("src/internal/host/")))
  expect(problemsOf(withoutHost, [])).toContain("host is empty")
})

it("a long file has to say why, and a short one must not", () => {
  const long = "f()\n".repeat(151)
  expect(problemsWith({ "src/internal/host/New.ts": long })).toEqual([
    "src/internal/host/New.ts has 151 lines of code, and no word on why"
  ])
  const excuse = "/** It has more than 150\n * lines, as it is one machine. */\n"
  expect(problemsWith({ "src/new.ts": excuse + long })).toEqual([])
  expect(problemsWith({ "src/new.ts": excuse })).toEqual(["src/new.ts says that it is long, and has 0 lines of code"])
})

it("comments and empty lines are no code", () => {
  expect(linesOfCode("/**\n * Words.\n */\nf() // here\n\n  // there\ng()\n/* a */ h()\n")).toBe(3)
})
