export declare const fib: (n: number) => number
export declare const echo: (n: number) => number
