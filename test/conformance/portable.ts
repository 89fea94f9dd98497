/** The suite in any host: nothing here or below needs Node. `npm run verify -- hosts` bundles it with the cases. */
import { isUntranslated, judge, type Status } from "./compare.ts"
import { type LoopName, loopsOf } from "./harness.ts"
import type { Case } from "./suite.ts"

/** What came of all cases in one host. */
export interface Verdict {
  readonly counts: Readonly<Record<Status, number>>
  /** How many programs ran: each on every loop it can run on. */
  readonly runs: number
  readonly problems: ReadonlyArray<string>
}

/** Judges the cases one after the other. */
export const judgeAll = async (cases: ReadonlyArray<Case>): Promise<Verdict> => {
  const counts = { equal: 0, difference: 0, waiting: 0, missing: 0, unequal: 0 }
  const loops: Array<LoopName> = []
  const problems: Array<string> = []
  for (const self of cases) {
    const judged = await judge(self)
    counts[judged.status]++
    problems.push(...judged.problems)
    const { scenario, source } = self
    if (scenario === undefined || (isUntranslated(scenario) && scenario.instead === undefined)) continue
    loops.push(...loopsOf(source))
  }
  return { counts, runs: loops.length, problems }
}

/** A page of the verdict where there is a document, the verdict itself in an attribute; a line of JSON elsewhere. */
export const show = (verdict: Verdict): void => {
  const text = JSON.stringify(verdict)
  const { document } = globalThis as { readonly document?: Page }
  if (document === undefined) {
    console.log(text)
    return
  }
  document.body.textContent = [
    ...Object.entries(verdict.counts).map(([status, count]) => `${status}: ${count}`),
    `runs: ${verdict.runs}`,
    ...verdict.problems
  ].join("\n")
  document.body.setAttribute("data-verdict", encodeURIComponent(text))
}

/** As much of the DOM as is needed. */
interface Page {
  readonly body: { textContent: string; readonly setAttribute: (name: string, value: string) => void }
}
