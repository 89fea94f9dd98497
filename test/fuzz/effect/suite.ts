/** Programs in plain Effect and with this library's counterparts, compared. */
import type { Suite } from "../campaign.ts"
import { explain, runDocumented } from "./differences.ts"
import { runOurs } from "./ours.ts"
import { generate, print, type Program, smaller } from "./program.ts"

export const suite: Suite<Program> = {
  generate,
  smaller,
  // The virtual loops share the host's turns: a fifth of the time less.
  judge: (programs) =>
    Promise.all(programs.map(async (program) => {
      const known = explain(program, await runOurs(program))
      return known === undefined
        ? { differs: true }
        : { differs: false, remark: known.length === 0 ? undefined : known.join(" + ") }
    })),
  show: async (program) => {
    const plain = runDocumented(program)
    const ours = await runOurs(program)
    const show = (lines: ReadonlyArray<string>, others: ReadonlyArray<string>) =>
      lines.map((line) => `  ${others.includes(line) ? " " : ">"} ${line}`).join("\n")
    console.log(`${JSON.stringify(program)}\n${print(program)}`)
    console.log(
      `  plain Effect, but for the documented differences:\n${show(plain, ours)}\n  ours:\n${show(ours, plain)}`
    )
  }
}
