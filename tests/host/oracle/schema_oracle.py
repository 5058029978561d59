"""Verdicts of python3-jsonschema: reads a list of {value, schema} from a file, prints a list of booleans."""

import json
import sys
import warnings

warnings.simplefilter("ignore")
try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as file:
    cases = json.load(file)
json.dump([Draft202012Validator(case["schema"]).is_valid(case["value"]) for case in cases], sys.stdout)
