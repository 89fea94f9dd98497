/** Looks for a mutant; as a script for all of them, and prints what was found, a line of JSON each. */
import type { Find, Finding } from "./find.ts"
import { type Mutant, mutants, unbound } from "./mutants.ts"
import { load } from "./planted.ts"

export const hunt = async (mutant: Mutant): Promise<Finding | undefined> => {
  // The module is found by its name alone, as each mutant has one of its own.
  const { find } = await load("find.ts", mutant) as { readonly find: Find }
  return find(mutant.subject, mutant.vary)
}

if (import.meta.main) {
  for (const mutant of [...mutants, ...unbound]) console.log(JSON.stringify(await hunt(mutant) ?? null))
}
