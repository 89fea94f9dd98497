"""What the asyncio of this CPython, and the suite that tests it, call things: names, and nothing else of them."""
import ast
import asyncio
import importlib
import json
import os

OUTSIDE = ("protocols", "streams", "subprocess", "transports")


def tests_json(files):
    """`Class.test` of each file, in the file's order."""
    import test.test_asyncio
    folder = os.path.dirname(test.test_asyncio.__file__)
    return json.dumps({name: tests_of(os.path.join(folder, f"{name}.py")) for name in json.loads(files)})


def tests_of(path):
    with open(path, encoding="utf8") as file:
        classes = [node for node in ast.parse(file.read()).body if isinstance(node, ast.ClassDef)]
    return [
        f"{each.name}.{node.name}"
        for each in classes
        for node in each.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    ]


def public_json():
    """`asyncio.__all__` without what is about bytes that come and go, or begins with an underscore."""
    outside = {name for part in OUTSIDE for name in importlib.import_module(f"asyncio.{part}").__all__}
    return json.dumps([name for name in asyncio.__all__ if name not in outside and name[0] != "_"])
