"""As much of JSON Schema as `glovebox policy schema` uses; a word that it does not know fails."""
import re

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
NO_RULE = {"$schema", "definitions", "description", "format", "title"}


def problems_of(value, schema, whole=None, place="policy"):
    """One line for each thing that is wrong; a `$ref` leads into `whole`."""
    whole = schema if whole is None else whole
    found = []
    for word, rule in schema.items():
        if word not in NO_RULE:
            found += CHECKS[word](value, rule, schema, whole, place)
    return found


def reference(value, rule, _, whole, place):
    return problems_of(value, whole["definitions"][rule.removeprefix("#/definitions/")], whole, place)


def kind(value, rule, _schema, _whole, place):
    good = isinstance(value, TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
    return [] if good else [f"{place}: no {rule}"]


def properties(value, rule, _schema, whole, place):
    if not isinstance(value, dict):
        return []
    return [line for key, form in rule.items() if key in value
            for line in problems_of(value[key], form, whole, f"{place}.{key}")]


def additional(value, rule, schema, whole, place):
    if not isinstance(value, dict):
        return []
    more = [key for key in value if key not in schema.get("properties", {})]
    if rule is False:
        return [f"{place}: unknown key {key}" for key in more]
    return [line for key in more for line in problems_of(value[key], rule, whole, f"{place}.{key}")]


def items(value, rule, _schema, whole, place):
    if not isinstance(value, list):
        return []
    return [line for i, each in enumerate(value) for line in problems_of(each, rule, whole, f"{place}[{i}]")]


def any_of(value, rule, _schema, whole, place):
    good = any(not problems_of(value, form, whole, place) for form in rule)
    return [] if good else [f"{place}: none of the forms"]


def number(good):
    return lambda value, rule, _s, _w, place: (
        [] if not isinstance(value, int) or good(value, rule) else [f"{place}: out of range"])


CHECKS = {
    "$ref": reference,
    "type": kind,
    "properties": properties,
    "additionalProperties": additional,
    "items": items,
    "anyOf": any_of,
    "oneOf": any_of,
    "required": lambda value, rule, _s, _w, place: [f"{place}: no {key}" for key in rule if key not in value],
    "enum": lambda value, rule, _s, _w, place: [] if value in rule else [f"{place}: not one of the words"],
    "uniqueItems": lambda value, _r, _s, _w, place: (
        [] if len({repr(each) for each in value}) == len(value) else [f"{place}: twice the same"]),
    "pattern": lambda value, rule, _s, _w, place: (
        [] if not isinstance(value, str) or re.search(rule, value) else [f"{place}: not of the form {rule}"]),
    "minimum": number(lambda value, least: value >= least),
    "maximum": number(lambda value, most: value <= most),
}
