"""The workloads on asyncio, program for program. One process measures one, and prints the sample as JSON.

bench.py LOOP WORKLOAD N WARM_MS BUDGET_MS, where LOOP is asyncio or uvloop. bench.py --about tells what there is.
Needs Python 3.11 (asyncio.timeout).
"""

import json
import os
import sys
import time

HOUR = 3600


def scattered(n):
    return [i * 7919 % n for i in range(n)]


async def nothing():
    pass


async def spawn(n):
    await asyncio.gather(*[nothing() for _ in range(n)])


async def spawn_yield(n):
    await asyncio.gather(*[asyncio.sleep(0) for _ in range(n)])


async def yield_(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def gather_limit(n):
    # gather has no limit: ten workers share the jobs.
    jobs = iter([asyncio.sleep(0) for _ in range(n)])

    async def worker():
        for job in jobs:
            await job

    await asyncio.gather(*[worker() for _ in range(10)])


async def gather_semaphore(n):
    semaphore = asyncio.Semaphore(10)

    async def job():
        async with semaphore:
            await asyncio.sleep(0)

    await asyncio.gather(*[job() for _ in range(n)])


def rounds_of(n):
    # As in wait-first.ts: what is linear a round does a part of the rounds, of the same average length.
    return n if n <= 1000 else 100


async def wait_first(n):
    doors = [asyncio.get_running_loop().create_future() for _ in range(n)]

    async def pass_through(door):
        await door
        await asyncio.sleep(0)

    pending = {asyncio.create_task(pass_through(door)) for door in doors}
    order = scattered(n)
    step = n // rounds_of(n)
    opened = 0

    def open_next():
        nonlocal opened
        doors[order[opened]].set_result(None)
        opened += 1

    while pending:
        if step > 1:
            for _ in range(1, step):
                open_next()
            for _ in range(3):
                await asyncio.sleep(0)
            pending = {task for task in pending if not task.done()}
        open_next()
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)


async def as_completed(n):
    for job in asyncio.as_completed([asyncio.sleep(0) for _ in range(n)]):
        await job


def pipeline(workers):
    async def program(n):
        queue = asyncio.Queue(100)

        async def producer():
            for i in range(n // workers):
                await queue.put(i)

        async def consumer():
            for _ in range(n // workers):
                await queue.get()

        await asyncio.gather(*[producer() for _ in range(workers)], *[consumer() for _ in range(workers)])

    return program


async def lock_acquire(n):
    lock = asyncio.Lock()
    for _ in range(n):
        await lock.acquire()
        lock.release()


async def lock_with(n):
    lock = asyncio.Lock()
    for _ in range(n):
        async with lock:
            pass


async def free_semaphore(n):
    semaphore = asyncio.Semaphore(10)
    for _ in range(n):
        await semaphore.acquire()
        semaphore.release()


async def free_event(n):
    event = asyncio.Event()
    event.set()
    for _ in range(n):
        await event.wait()


async def free_join(n):
    task = asyncio.create_task(nothing())
    await task
    for _ in range(n):
        await task


async def free_queue(n):
    queue = asyncio.Queue(100)
    for i in range(n):
        await queue.put(i)
        await queue.get()


async def lock_contended(n):
    await contend(asyncio.Lock(), n, 100)


async def semaphore(n):
    await contend(asyncio.Semaphore(10), n, 1000)


async def contend(lock, n, tasks):
    async def task():
        for _ in range(n // tasks):
            async with lock:
                await asyncio.sleep(0)

    await asyncio.gather(*[task() for _ in range(tasks)])


async def event(n):
    event = asyncio.Event()
    waiting = asyncio.gather(*[event.wait() for _ in range(n)])
    await asyncio.sleep(0)
    event.set()
    await waiting


async def timers(n):
    await asyncio.gather(*[asyncio.sleep((1 + i * 100 / n) / 1000) for i in scattered(n)])


async def cancel(n):
    tasks = [asyncio.create_task(asyncio.sleep(HOUR)) for _ in range(n)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def timeout(n):
    for _ in range(n):
        async with asyncio.timeout(HOUR):
            await asyncio.sleep(0)


async def timeouts(n):
    async def body():
        async with asyncio.timeout(HOUR):
            await asyncio.sleep(0)

    await asyncio.gather(*[body() for _ in range(n)])


async def nested(n):
    async def at(level):
        return 0 if level == 0 else 1 + await at(level - 1)

    await asyncio.gather(*[at(100) for _ in range(n // 100)])


async def pipeline_3(n):
    line = [asyncio.Queue(100) for _ in range(3)]

    async def feed():
        for i in range(n):
            await line[0].put(i)

    async def hand_on(source, to):
        for _ in range(n):
            await to.put(await source.get())

    async def drain():
        for _ in range(n):
            await line[-1].get()

    await asyncio.gather(feed(), *[hand_on(*pair) for pair in zip(line, line[1:])], drain())


async def server(n):
    lock = asyncio.Lock()
    log = asyncio.Queue(100)

    async def handle(id):
        async with asyncio.timeout(HOUR):
            async with lock:
                await asyncio.sleep(0)
            await log.put(id)

    async def write():
        for _ in range(n):
            await log.get()

    writer = asyncio.create_task(write())
    for _ in range(n // 100):
        await asyncio.gather(*[handle(id) for id in range(100)])
    await writer


kept = []


async def heap(n):
    kept.append([asyncio.create_task(asyncio.sleep(HOUR)) for _ in range(n)])
    await asyncio.sleep(0)


PROGRAMS = {
    "spawn": spawn,
    "spawn-yield": spawn_yield,
    "yield": yield_,
    "gather-limit": gather_limit,
    "gather-semaphore": gather_semaphore,
    "wait-first": wait_first,
    "as-completed": as_completed,
    "queue-1-1": pipeline(1),
    "queue-8-8": pipeline(8),
    "lock-acquire": lock_acquire,
    "lock-with": lock_with,
    "free-semaphore": free_semaphore,
    "free-event": free_event,
    "free-join": free_join,
    "free-queue": free_queue,
    "lock-contended": lock_contended,
    "semaphore": semaphore,
    "event": event,
    "timers": timers,
    "cancel": cancel,
    "timeout": timeout,
    "timeouts": timeouts,
    "nested": nested,
    "pipeline-3": pipeline_3,
    "server": server,
    "heap": heap,
}


async def measure_time(program, n, items, warm_budget, budget):
    """As TimeSampler in sampler.ts."""

    async def run(size):
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        await program(size)
        return time.perf_counter_ns() - wall, time.process_time_ns() - cpu

    def stage(budget):
        start, start_cpu = time.perf_counter(), time.process_time()
        yield
        while time.process_time() - start_cpu < budget and time.perf_counter() - start < 3 * budget:
            yield

    warm_size = min(n, 1000)
    for _ in stage(warm_budget):
        last, _ = await run(warm_size)
    if n > warm_size and last * n / warm_size < 0.5e9:
        for _ in stage(warm_budget / 2):
            await run(n)
    gc.collect()
    runs = wall = cpu = 0
    for _ in stage(budget):
        run_wall, run_cpu = await run(n)
        runs, wall, cpu = runs + 1, wall + run_wall, cpu + run_cpu
    return {"runs": runs, "items": runs * items, "wall": wall, "cpu": cpu}


def resident():
    """Bytes of memory in use by the process."""
    gc.collect()
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


async def measure_heap(program, n):
    await program(10)
    before = resident()
    await program(n)
    return {"runs": 1, "items": n, "wall": 0, "cpu": 0, "bytes": resident() - before}


def report(sample):
    print(json.dumps(sample), flush=True)
    # Tasks may be asleep.
    os._exit(0)


if sys.argv[1] == "--about":
    about = {"executable": sys.executable, "python": sys.version.split()[0]}
    try:
        import uvloop

        about["uvloop"] = uvloop.__version__
    except ImportError:
        pass
    print(json.dumps(about))
    sys.exit()

loop_name, workload, size, warm_ms, budget_ms = sys.argv[1:]

start, start_cpu = time.perf_counter_ns(), time.process_time_ns()
import asyncio

if loop_name == "uvloop":
    import uvloop
loaded = {
    "runs": 1,
    "items": 1,
    "wall": time.perf_counter_ns() - start,
    "cpu": time.process_time_ns() - start_cpu,
}
if workload == "import":
    report(loaded)

import gc
import resource

loop = uvloop.new_event_loop() if loop_name == "uvloop" else asyncio.new_event_loop()
asyncio.set_event_loop(loop)
n = int(size)
program = PROGRAMS[workload]
if workload == "heap":
    report(loop.run_until_complete(measure_heap(program, n)))
items = rounds_of(n) if workload == "wait-first" else n
report(loop.run_until_complete(measure_time(program, n, items, int(warm_ms) / 1e3, int(budget_ms) / 1e3)))
