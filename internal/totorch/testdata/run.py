"""Runs programs one after the other, as python3 would: run.py COMMANDS, a JSON list of command lines."""
import json, runpy, sys

for args in json.loads(sys.argv[1]):
    sys.argv = args
    runpy.run_path(args[0], run_name="__main__")
