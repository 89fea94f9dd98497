/** Everything that has laws: the verbs and the primitives. */
import { everyStep, type Program, someSteps, type Tally } from "./everyStep.ts"
import { locks } from "./locks.ts"
import { notices } from "./notices.ts"
import { queues } from "./queues.ts"
import { regions } from "./regions.ts"
import { tasks } from "./tasks.ts"
import { verbs } from "./verbs.ts"

export { describeViolation } from "./everyStep.ts"

export interface Subject {
  readonly name: string
  readonly programs: ReadonlyArray<Program>
  /** A random program, by seed. */
  readonly random?: ((seed: number) => Program) | undefined
}

export const subjects: ReadonlyArray<Subject> = [...tasks, ...verbs, ...regions, ...locks, ...notices, ...queues]

export const defaultSeed = 20_260_101
const randomPrograms = 10
const randomRuns = 15

export const checkSubject = async (subject: Subject, seed: number): Promise<Tally & { readonly programs: number }> => {
  const tally: Tally = { points: 0, violations: [] }
  const add = ({ points, violations }: Tally) => {
    tally.points += points
    tally.violations.push(...violations)
  }
  for (const program of subject.programs) add(await everyStep(program, seed))
  if (subject.random === undefined) return { ...tally, programs: subject.programs.length }
  for (let i = 0; i < randomPrograms; i++) add(await someSteps(subject.random(seed + i), randomRuns, seed + i))
  return { ...tally, programs: subject.programs.length + randomPrograms }
}
