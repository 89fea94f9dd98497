/**
 * Executors on many machines, on Effect's cluster.
 *
 * @since 0.2.0
 */
export * as ClusterExecutor from "./ClusterExecutor.ts"
