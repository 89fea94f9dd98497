"""The call graph knows who waits through as_completed: the task that asked, until an item is done or the time is over."""
import asyncio


async def main(log):
    def waiters(t):
        return sorted(g.future.get_name() for g in asyncio.capture_call_graph(t).awaited_by)

    async def work(n):
        await asyncio.sleep(n)

    a = asyncio.create_task(work(1), name="a")
    b = asyncio.create_task(work(3), name="b")

    async def each():
        async for _ in asyncio.as_completed([a, b]):
            pass

    async def one_by_one():
        for item in asyncio.as_completed([a, b]):
            await item

    async def in_time():
        try:
            async for _ in asyncio.as_completed([a, b], timeout=2):
                pass
        except TimeoutError:
            log("too late")
        await asyncio.sleep(2)

    tasks = [asyncio.create_task(f(), name=f.__name__) for f in (each, one_by_one, in_time)]
    await asyncio.sleep(0.5)
    log("a", waiters(a), "b", waiters(b))
    await asyncio.sleep(1)
    log("a", waiters(a), "b", waiters(b))
    await asyncio.sleep(1)
    log("b", waiters(b))
    await asyncio.wait(tasks)
    log("b", waiters(b))
