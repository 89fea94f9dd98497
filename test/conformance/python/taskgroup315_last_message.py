"""A block that its group has cancelled shows the last message of those who cancel it from outside, others the first."""
import asyncio


async def main(log):
    async def child():
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(2)

    async def cancels():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(child())
            await asyncio.sleep(0)
            tg.cancel()

    async def is_cut_short():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(child())
            await asyncio.sleep(0)
            tg.cancel()
            await asyncio.sleep(10)

    async def leaves():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(child())
            await asyncio.sleep(0)

    for block in (cancels, is_cut_short, leaves):
        task = asyncio.create_task(block())
        await asyncio.sleep(0.5)
        task.cancel("first")
        await asyncio.sleep(0.5)
        task.cancel("second")
        try:
            await task
        except asyncio.CancelledError as e:
            log(block.__name__, e, "requests", task.cancelling())
