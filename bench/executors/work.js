/** The work itself; a worker of piscina's. */
export const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2)
export const echo = (n) => n
