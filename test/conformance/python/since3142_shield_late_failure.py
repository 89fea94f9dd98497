"""A shielded task that fails after its waiter gave up is reported to nobody while somebody may still look at it."""
import asyncio


async def main(log):
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: log("reported", context["message"]))

    async def work():
        await asyncio.sleep(2)
        raise ValueError("late")

    task = asyncio.create_task(work())
    for _ in range(2):
        try:
            await asyncio.wait_for(asyncio.shield(task), 0.5)
        except TimeoutError:
            log("gave up")
    await asyncio.sleep(2)
    try:
        await task
    except ValueError as e:
        log("handled", e)
