"""The fuzzer's programs on CPython's asyncio (see program.ts for the language, interpret.ts for the other side).

asyncio's order in sets is that of insertion here, and equal timers fire first come, first served, as on our loops.

Where a program does what is deliberately different (a request to cancel that reaches a finalizer), or what asyncio does
not define, `cut` is the number of lines up to there: only they can be compared.
"""

import asyncio
import asyncio.taskgroups
import asyncio.tasks
import asyncio.timeouts
import gc
import json
import logging
import sys
import warnings

import virtual_loop
from virtual_loop import VirtualLoop, fmt

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

# Errors whose messages are not compared.
OWN_MESSAGE = (
    TimeoutError,
    asyncio.InvalidStateError,
    asyncio.QueueEmpty,
    asyncio.QueueFull,
    asyncio.QueueShutDown,
    asyncio.BrokenBarrierError,
)


def text(value):
    if isinstance(value, OWN_MESSAGE):
        return type(value).__name__
    if isinstance(value, BaseExceptionGroup):
        return type(value).__name__ + text(value.exceptions)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text(v) for v in value) + "]"
    return fmt(value)


class OrderedSet:
    def __init__(self, items=()):
        self._items = dict.fromkeys(items)

    def add(self, item):
        self._items[item] = None

    def discard(self, item):
        self._items.pop(item, None)

    def remove(self, item):
        del self._items[item]

    def __iter__(self):
        return iter(self._items)

    def __contains__(self, item):
        return item in self._items

    def __len__(self):
        return len(self._items)


asyncio.tasks.set = OrderedSet
asyncio.taskgroups.set = OrderedSet


# ------------------------------------------------------------------------------------------- what cannot be compared
#
# What CPython learned after 3.14.2, which is what npm's pyodide has, can be compared on a later one only.
HAS_CALL_GRAPH = sys.version_info >= (3, 14, 10)
HAS_GROUP_CANCEL = sys.version_info >= (3, 15, 2)

current_env = None
# The timeout or group that asks its own block to cancel.
asking = None


class Task(asyncio.Task):
    """Notes the requests to cancel that come while a finalizer runs, and ends circles of joins.

    CPython gives the message of a task's cancellation to the first who asks; here to all, as we do.
    """

    def __init__(self, coroutine, **options):
        # What is open: finalizers (None), branches (Branches), timeouts and groups.
        self.open = []
        self.walking = False
        self.message = None
        super().__init__(self.noting_message(coroutine), **options)
        self.add_done_callback(Task.keep_message)

    async def noting_message(self, coroutine):
        try:
            return await coroutine
        except asyncio.CancelledError as error:
            self.message = error.args[0] if error.args else None
            raise

    def keep_message(self):
        if self.done():
            self._cancel_message = self.message if self.cancelled() else None

    def cancel(self, msg=None):
        if self.walking:
            current_env.cut_here()
            return False
        if not self.done():
            self.message = msg
            inside = self.open
            if asking in inside:
                inside = inside[inside.index(asking) :]
            if None in inside or Branches in inside:
                current_env.cut_here()
        self.walking = True
        try:
            return super().cancel(msg)
        finally:
            self.walking = False


class Branches:
    """Fibers that a task has forked: what cancels them all comes to each at once here, there in ticks."""


def open_parts():
    # An eager task that is being constructed has run its first step within `__init__`.
    return asyncio.current_task().open


def opens(cls):
    enter, leave = cls.__aenter__, cls.__aexit__

    async def __aenter__(self):
        result = await enter(self)
        open_parts().append(self)
        if cls is asyncio.timeouts.Timeout and asyncio.current_task()._must_cancel:
            # A deadline of no time would take that request for its own (python/cpython#134471).
            current_env.cut_here()
        return result

    async def __aexit__(self, error, *args):
        try:
            return await leave(self, error, *args)
        except asyncio.CancelledError:
            if error is not None and not issubclass(error, asyncio.CancelledError):
                # The body's failure is lost.
                current_env.cut_here()
            raise
        finally:
            open_parts().remove(self)

    cls.__aenter__, cls.__aexit__ = __aenter__, __aexit__


def asks(cls, name):
    method = getattr(cls, name)

    def wrapper(self, *args):
        global asking
        before = asking
        asking = self
        try:
            return method(self, *args)
        finally:
            asking = before

    setattr(cls, name, wrapper)


opens(asyncio.timeouts.Timeout)
opens(asyncio.taskgroups.TaskGroup)
asks(asyncio.timeouts.Timeout, "_on_timeout")
asks(asyncio.taskgroups.TaskGroup, "_on_task_done")
if HAS_GROUP_CANCEL:
    asks(asyncio.taskgroups.TaskGroup, "cancel")


wake_up_first = asyncio.Lock._wake_up_first


def _wake_up_first(self):
    # Ours has left the line, and the next is woken at once.
    if self._waiters and self._waiters[0].cancelled():
        current_env.cut_here()
    wake_up_first(self)


asyncio.Lock._wake_up_first = _wake_up_first


# --------------------------------------------------------------------------------------------------------- programs
# Between the moments at which other statements do something: whoever is to be woken has been woken.
QUARTER = 0.25


class Returned:
    def __init__(self, value):
        self.value = value


class Env:
    def __init__(self, loop, resources):
        self.loop = loop
        self.trace = []
        self.cut = None
        self.over = False
        # Somebody has left as_completed early, and stays in the call graph until what is left is done.
        self.stale_graph = False
        # What `wait` has looked at to see whether it failed: its failure is retrieved, as it is not with us.
        self.looked_at = set()
        self.tasks = {}
        self.groups = {}
        self.timeouts = {}
        self.futures = [loop.create_future() for _ in range(resources["futures"])]
        self.events = [asyncio.Event() for _ in range(resources["events"])]
        self.locks = [asyncio.Lock() for _ in range(resources["locks"])]
        self.raw_lock = asyncio.Lock()
        self.semaphores = [asyncio.Semaphore(n) for n in resources["semaphores"]]
        self.condition = asyncio.Condition()
        self.queues = [asyncio.Queue(n) for n in resources["queues"]]
        self.barrier = asyncio.Barrier(resources["parties"])

    def log(self, *parts):
        line = " ".join(text(p) for p in parts)
        self.trace.append([round(self.loop.time(), 6), line])

    def report(self, context):
        message = context["message"]
        if message.startswith("Exception in callback"):
            self.log("reported", "Exception in callback")
        elif "in shielded future" in message:
            # Later ones leave it to whoever looks.
            self.cut_here()

    def cut_here(self):
        if self.cut is None and not self.over:
            self.cut = len(self.trace)


def state(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        # The message is there for the first who asks.
        return "cancelled"
    try:
        return text(future.result())
    except Exception as error:
        return text(error)


def label(item):
    kind = item["kind"]
    if kind == "task":
        return item["name"]
    if kind == "future":
        return "f" + str(item["future"])
    if kind == "start":
        return item["body"]["name"]
    if kind == "shield":
        return "shield(" + label(item["item"]) + ")"
    return "gather(" + " ".join(label(i) for i in item["items"]) + ")"


class Body:
    """The code that runs in one coroutine."""

    def __init__(self, env, name, forked=False):
        self.env = env
        self.name = name
        self.forked = forked

    # -- items
    def exists(self, item):
        kind = item["kind"]
        if kind == "task":
            return item["name"] in self.env.tasks
        if kind == "shield":
            return self.exists(item["item"])
        return True

    def existing(self, items):
        return [i for i in items if self.exists(i)]

    def awaitable(self, item):
        kind = item["kind"]
        if kind == "task":
            task = self.env.tasks[item["name"]]
            task.keep_message()
            return task
        if kind == "future":
            return self.env.futures[item["future"]]
        if kind == "start":
            return run_body(self.env, item["body"])
        if kind == "shield":
            return self.shielded(item["item"])
        return self.gathered(item["items"], item["returnExceptions"])

    async def shielded(self, item):
        return await asyncio.shield(self.awaitable(item))

    async def gathered(self, items, return_exceptions):
        awaitables = [self.awaitable(i) for i in self.existing(items)]
        return await asyncio.gather(*awaitables, return_exceptions=return_exceptions)

    # -- statements
    async def block(self, block):
        for statement in block:
            returned = await self.statement(statement)
            if returned is not None:
                return returned
        return None

    async def statement(self, s):
        if self.env.over:
            raise GeneratorExit
        log = lambda *parts: self.env.log(self.name, s["id"], *parts)
        log(s["op"])
        return await getattr(self, "do_" + s["op"])(s, log)

    async def do_sleep(self, s, log):
        await asyncio.sleep(s["seconds"])
        log("slept")

    async def do_create(self, s, log):
        body = s["body"]
        coroutine = run_body(self.env, body)
        task = asyncio.create_task(coroutine, name=body["name"], eager_start=s["eager"])
        self.env.tasks[body["name"]] = task
        log("created", body["name"])

    async def do_join(self, s, log):
        if not self.exists(s["item"]):
            return log("missing")
        awaitable = self.awaitable(s["item"])
        if awaitable is asyncio.current_task():
            return log("itself")
        log("joined", await awaitable)

    async def do_gather(self, s, log):
        log("gathered", await self.gathered(s["items"], s["returnExceptions"]))

    async def do_wait(self, s, log):
        items = self.existing(s["items"])
        if not items:
            return log("missing")
        futures = [asyncio.ensure_future(self.awaitable(i)) for i in items]
        if s["mode"] == "FIRST_EXCEPTION":
            self.env.looked_at.update(futures)
        done, _ = await asyncio.wait(futures, timeout=s.get("seconds"), return_when=s["mode"])
        log("done", [label(i) for i, f in zip(items, futures) if f in done])

    async def do_asCompleted(self, s, log):
        items = self.existing(s["items"])
        awaitables = [self.awaitable(i) for i in items]
        # asyncio has them in a set: the order of those that are done already is not defined.
        if len({a for a in awaitables if asyncio.isfuture(a) and a.done()}) > 1:
            self.env.cut_here()
        completions = asyncio.as_completed(awaitables, timeout=s.get("seconds"))
        try:
            if s["plain"]:
                for completion in completions:
                    try:
                        log("completed", await completion)
                    except Exception as error:
                        log("completed", error)
            else:
                async for future in completions:
                    log("completed", state(future))
        except asyncio.CancelledError:
            self.env.stale_graph = True
            raise
        log("all completed")

    async def do_shield(self, s, log):
        if not self.exists(s["item"]):
            return log("missing")
        log("shielded", await asyncio.shield(self.awaitable(s["item"])))

    async def do_waitFor(self, s, log):
        if not self.exists(s["item"]):
            return log("missing")
        awaitable = self.awaitable(s["item"])
        if awaitable is asyncio.current_task():
            return log("itself")
        log("got", await asyncio.wait_for(awaitable, s["seconds"]))

    async def do_waitForBlock(self, s, log):
        returned = await asyncio.wait_for(self.block(s["block"]), s["seconds"])
        log("in time")
        return returned

    async def do_timeout(self, s, log):
        async with asyncio.timeout(s["seconds"]) as timeout:
            self.env.timeouts[s["id"]] = timeout
            returned = await self.block(s["block"])
        log("left", timeout.expired())
        return returned

    async def do_reschedule(self, s, log):
        timeout = self.env.timeouts.get(s["timeout"])
        if timeout is None:
            return log("missing")
        seconds = s["seconds"]
        try:
            timeout.reschedule(None if seconds is None else self.env.loop.time() + seconds)
            log("rescheduled")
        except RuntimeError:
            log("refused")

    async def do_cancel(self, s, log):
        task = self.env.tasks.get(s["task"])
        if task is None:
            return log("missing")
        log(s["task"], task.cancel(s.get("message")))

    async def do_uncancel(self, s, log):
        task = self.env.tasks.get(s["task"])
        if task is None:
            return log("missing")
        log(s["task"], task.cancelling(), task.uncancel())

    async def do_state(self, s, log):
        task = self.env.tasks.get(s["task"])
        if task is None:
            return log("missing")
        log(s["task"], state(task), task.cancelling())

    async def do_catchError(self, s, log):
        try:
            return await self.block(s["block"])
        except Exception as error:
            log("caught", error)
        return await self.block(s["handler"])

    async def do_catchCancelled(self, s, log):
        try:
            return await self.block(s["block"])
        except asyncio.CancelledError as error:
            log("caught", error, asyncio.current_task().cancelling())
            met = error
        returned = await self.block(s["handler"])
        if s["reraise"]:
            raise met
        return returned

    async def do_finally(self, s, log):
        raised = None
        try:
            returned = await self.block(s["block"])
        except BaseException as error:
            raised = error
            raise
        finally:
            # A finalizer that suspends would meet the request.
            if asyncio.current_task()._must_cancel:
                self.env.cut_here()
            open_parts().append(None)
            if not self.env.over:
                log("finally")
            try:
                await self.block(s["handler"])
            except BaseException:
                # Effect keeps both errors.
                if raised is not None:
                    self.env.cut_here()
                raise
            finally:
                open_parts().pop()
        log("after finally")
        return returned

    async def do_raise(self, s, log):
        raise ValueError(s["id"])

    async def do_return(self, s, log):
        return Returned(s["id"])

    async def do_group(self, s, log):
        returned = None
        try:
            async with asyncio.TaskGroup() as group:
                self.env.groups[s["id"]] = group
                returned = await self.block(s["block"])
                log("body ends")
        except ExceptionGroup as error:
            log("failed", error, *([] if self.forked else [asyncio.current_task().cancelling()]))
            return None
        log("left")
        return returned

    async def do_groupCancel(self, s, log):
        self.cancel_group(s["group"], log)

    def cancel_group(self, number, log):
        group = self.env.groups.get(number)
        if group is None:
            log("missing")
        elif HAS_GROUP_CANCEL:
            group.cancel()
        else:
            self.env.cut_here()

    async def do_branches(self, s, log):
        forked = Body(self.env, self.name, True)
        open_parts().append(Branches)
        try:
            async with asyncio.timeout(s.get("seconds")):
                tasks = [asyncio.create_task(forked.block(block), eager_start=True) for block in s["blocks"]]
                results = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            open_parts().remove(Branches)
        log("joined", [r.value if isinstance(r, Returned) else r for r in results])

    async def do_awaitedBy(self, s, log):
        await asyncio.sleep(QUARTER)
        task = self.env.tasks.get(s["task"])
        if task is None:
            return log("missing")
        if task.done():
            return log("done")
        if not HAS_CALL_GRAPH or self.env.stale_graph:
            self.env.cut_here()
        # A coroutine that is awaited runs in its caller's task, which then has two names: the first is its own.
        names = {t: name for name, t in reversed(self.env.tasks.items())}
        log(s["task"], sorted(names.get(t, "?") for t in task._asyncio_awaited_by or ()))

    async def do_groupCreate(self, s, log):
        group = self.env.groups.get(s["group"])
        if group is None:
            return log("missing")
        body = s["body"]
        coroutine = run_body(self.env, body)
        try:
            task = group.create_task(coroutine, name=body["name"], eager_start=s["eager"])
        except RuntimeError:
            coroutine.close()
            return log("refused")
        self.env.tasks[body["name"]] = task
        log("created", body["name"])

    async def do_callSoon(self, s, log):
        self.env.loop.call_soon(self.act, s["action"], log)

    async def do_callLater(self, s, log):
        self.env.loop.call_later(s["seconds"], self.act, s["action"], log)

    async def do_doneCallback(self, s, log):
        if not self.exists(s["item"]):
            return log("missing")

        def callback(future):
            log(label(s["item"]), state(future))
            self.act(s["action"], log)

        self.awaitable(s["item"]).add_done_callback(callback)

    def act(self, action, log):
        env = self.env
        do = action["do"]
        log("callback", do)
        if do == "cancel" and action["task"] in env.tasks:
            log(env.tasks[action["task"]].cancel(action.get("message")))
        elif do == "set":
            env.events[action["event"]].set()
        elif do == "succeed" and not env.futures[action["future"]].done():
            env.futures[action["future"]].set_result("value")
        elif do == "fail" and not env.futures[action["future"]].done():
            env.futures[action["future"]].set_exception(ValueError("future"))
        elif do == "cancelFuture":
            env.futures[action["future"]].cancel()
        elif do == "put":
            try:
                env.queues[action["queue"]].put_nowait("item")
            except Exception:
                log("not put")
        elif do == "release":
            env.semaphores[action["semaphore"]].release()
        elif do == "cancelGroup":
            self.cancel_group(action["group"], log)
        elif do == "raise":
            raise ValueError("callback")

    async def do_future(self, s, log):
        future = self.env.futures[s["future"]]
        do = s["do"]
        if do == "succeed":
            future.set_result(s["id"])
        elif do == "fail":
            future.set_exception(ValueError(s["id"]))
        else:
            log(future.cancel())

    async def do_event(self, s, log):
        event = self.env.events[s["event"]]
        do = s["do"]
        if do == "wait":
            await event.wait()
            log("waited")
        elif do == "set":
            event.set()
        else:
            event.clear()

    async def do_lock(self, s, log):
        async with self.env.locks[s["lock"]]:
            log("acquired")
            returned = await self.block(s["block"])
        log("released")
        return returned

    async def do_acquire(self, s, log):
        await self.env.raw_lock.acquire()
        log("acquired")

    async def do_release(self, s, log):
        if not self.env.raw_lock.locked():
            return log("not locked")
        self.env.raw_lock.release()

    async def do_semaphore(self, s, log):
        async with self.env.semaphores[s["semaphore"]]:
            log("acquired")
            returned = await self.block(s["block"])
        log("released", self.env.semaphores[s["semaphore"]].locked())
        return returned

    async def do_acquirePermit(self, s, log):
        await self.env.semaphores[s["semaphore"]].acquire()
        log("acquired")

    async def do_releasePermit(self, s, log):
        self.env.semaphores[s["semaphore"]].release()

    async def do_condition(self, s, log):
        async with self.env.condition:
            log("acquired")
            returned = await self.block(s["block"])
        log("released")
        return returned

    async def do_conditionWait(self, s, log):
        if not self.env.condition.locked():
            return log("not locked")
        await self.env.condition.wait()
        log("notified")

    async def do_notify(self, s, log):
        if not self.env.condition.locked():
            return log("not locked")
        if s["n"] is None:
            self.env.condition.notify_all()
        else:
            self.env.condition.notify(s["n"])

    async def do_queue(self, s, log):
        queue = self.env.queues[s["queue"]]
        do = s["do"]
        if do == "put":
            await queue.put(s["id"])
            log("put", queue.qsize())
        elif do == "get":
            log("got", await queue.get(), queue.qsize())
        elif do == "putNowait":
            queue.put_nowait(s["id"])
        elif do == "getNowait":
            log("got", queue.get_nowait())
        elif do == "join":
            await queue.join()
            log("joined")
        elif do == "taskDone":
            if queue._unfinished_tasks == 0:
                return log("nothing to do")
            queue.task_done()
        else:
            queue.shutdown(immediate=do == "shutdownNow")

    async def do_barrier(self, s, log):
        barrier = self.env.barrier
        do = s["do"]
        if do == "wait":
            log("passed", await barrier.wait())
        elif do == "abort":
            await barrier.abort()
            log("aborted")
        else:
            await barrier.reset()
            log("reset")


async def run_body(env, body):
    name = body["name"]
    env.tasks.setdefault(name, asyncio.current_task())
    env.log(name, "begins")
    try:
        returned = await Body(env, name).block(body["block"])
    except BaseException as error:
        env.log(name, "ends", error)
        raise
    value = None if returned is None else returned.value
    env.log(name, "ends", value)
    return value


async def main(env, program, horizon):
    for body in program:
        env.tasks[body["name"]] = asyncio.create_task(run_body(env, body), name=body["name"])
    await asyncio.sleep(horizon)
    for i, future in enumerate(env.futures):
        if future._log_traceback and future not in env.looked_at:
            env.log("reported", f"f{i}")
    for name, task in env.tasks.items():
        if task._log_traceback and task not in env.looked_at:
            env.log("reported", name)
    for name, task in env.tasks.items():
        env.log(name, state(task), task.cancelling())


def run(program, resources, horizon):
    global current_env
    loop = VirtualLoop(mode="fifo")
    loop.set_task_factory(lambda loop, coroutine, **options: Task(coroutine, loop=loop, **options))
    loop.set_exception_handler(lambda loop, context: current_env.report(context))
    asyncio.events._set_running_loop(None)
    env = current_env = Env(loop, resources)
    loop.run_until_complete(main(env, program, horizon))
    result = {"trace": list(env.trace), **({} if env.cut is None else {"cut": env.cut})}
    # What is left is dropped, not cancelled: nothing is compared any more.
    env.over = True
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False
    loop._ready.clear()
    loop._scheduled.clear()
    loop.close()
    return result


def run_json(programs, resources, horizon):
    # Coroutines that are collected run their finalizers: never in the middle of another program.
    gc.disable()
    gc.collect()
    resources, horizon = json.loads(resources), json.loads(horizon)
    return json.dumps([run(program, resources, horizon) for program in json.loads(programs)])
