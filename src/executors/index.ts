/**
 * Running jobs elsewhere: on threads, in other processes, on other machines, or here in a test, all by the same verbs.
 *
 * @since 0.2.0
 */
export { BrokenExecutor, type Failure, WorkerLost } from "./errors.ts"
export * as Executor from "./Executor.ts"
export * as Job from "./Job.ts"
export { map, type MapOptions } from "./map.ts"
export {
  type ReportsNothing,
  runInExecutor,
  submit,
  type SubmitArguments,
  type SubmitOptions,
  toThread
} from "./submit.ts"
