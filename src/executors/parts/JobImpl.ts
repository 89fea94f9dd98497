/** The classes behind `Job.make` and `Job.group`. */
import * as Schema from "effect/Schema"
import * as check from "../../internal/host/check.ts"
import { Printable, shortened, type Words } from "../../internal/host/printing.ts"
import type { Any, Job, Jobs, Plain, Schemas } from "../Job.ts"

const TypeId = "~effect-asyncio/Job"

/** An option that is a schema; only the types know whether it needs services. */
const schema = check.kind(Schema.isSchema, "a Schema")
const checkSchemas = check.options<Schemas<Plain, Plain, Plain, Plain>>({
  payload: schema,
  success: schema,
  error: schema,
  progress: schema
})

const checkName = (call: string, name: string): void => {
  check.string(call, "the name", name)
  if (name === "") check.illegal(call, "the name", name, "a non-empty string")
}

export class JobImpl<Name extends string, I extends Plain, A extends Plain, E extends Plain, P extends Plain>
  extends Printable
  implements Job<Name, I["Type"], A["Type"], E["Type"], P["Type"]>
{
  declare readonly [TypeId]: Job<Name, I["Type"], A["Type"], E["Type"], P["Type"]>[typeof TypeId]
  readonly name: Name
  readonly payload: Plain
  readonly success: Plain
  readonly error: Plain
  /** Undefined: it reports nothing. */
  readonly progress: Plain | undefined

  constructor(name: Name, schemas: Schemas<I, A, E, P> = {}) {
    super()
    checkName("Job.make", name)
    checkSchemas("Job.make", schemas)
    this.name = name
    this.payload = schemas.payload ?? Schema.Void
    this.success = schemas.success ?? Schema.Void
    this.error = schemas.error ?? Schema.Never
    this.progress = schemas.progress
  }

  get kind(): string {
    return "Job"
  }
  describe(): Words {
    return []
  }
}

// Only its presence matters at run time: the types in it are for the compiler.
Object.defineProperty(JobImpl.prototype, TypeId, { value: TypeId })

export type AnyJob = JobImpl<string, Plain, Plain, Plain, Plain>

/** The way from a public job to its class. */
export const jobOf = (call: string, job: Any): AnyJob => {
  if (job instanceof JobImpl) return job
  check.checkCopy(call, "the job", job, "Job")
  return check.illegal(call, "the job", job, "a job of Job.make")
}

export class JobsImpl<J extends Any> extends Printable implements Jobs<J> {
  declare readonly "~effect-asyncio/Jobs": Jobs<J>["~effect-asyncio/Jobs"]
  readonly name: string
  readonly byName: ReadonlyMap<string, AnyJob>

  constructor(name: string, jobs: ReadonlyArray<J>) {
    super()
    checkName("Job.group", name)
    this.name = name
    const byName = new Map<string, AnyJob>()
    for (const job of jobs.map((job) => jobOf("Job.group", job))) {
      if (byName.has(job.name)) check.illegal("Job.group", "the name", job.name, "a different name for each job")
      byName.set(job.name, job)
    }
    if (byName.size === 0) check.illegal("Job.group", "the jobs", jobs, "at least one job")
    this.byName = byName
  }

  get kind(): string {
    return "Jobs"
  }
  describe(): Words {
    return [undefined, Array.from(this.byName.keys(), (name) => shortened(name)).join(", ")]
  }
}

export const jobsOf = (call: string, jobs: Jobs<Any>): JobsImpl<Any> => {
  if (jobs instanceof JobsImpl) return jobs
  check.checkCopy(call, "the jobs", jobs, "Jobs")
  return check.illegal(call, "the jobs", jobs, "a group of Job.group")
}
