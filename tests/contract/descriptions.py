"""The published descriptions of the envelopes: docs/schema and the status codes of docs/ENVELOPES.md.

The published schemas allow unknown keys, since later versions of the server may add some. Here they
are closed: a key that the documents do not describe is a deviation.
"""

import json
import pathlib
import re

import jsonschema

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
STATUS_ROW = re.compile(r"^\| (\d+) \| `([A-Z_]+)` \|", re.MULTILINE)

# JSON Schema takes 1.0 for an integer; the contract does not.
Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)),
)


def closed(schema):
    """The same schema, refusing every key that it does not describe."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        copy["additionalProperties"] = False
    return copy


class EnvelopeSchema:
    """The published schema of one type of envelope."""

    def __init__(self, path):
        self.root = closed(json.loads(path.read_text(encoding="utf-8")))
        Validator.check_schema(self.root)
        self.validator = Validator(self.root)
        self.type = self.root["properties"]["type"]["const"]

    def deviations(self, envelope):
        """A text for each rule of the schema that the envelope breaks, with its path."""
        for error in self.validator.iter_errors(envelope):
            path = "".join("[]" if isinstance(step, int) else f".{step}" for step in error.path)
            yield f"{self.type}{path}: {error.message[:200]}"

    def payload_objects(self, payload):
        """Every object of the payload: its path, its value, and its keys in documented order."""
        yield from self._objects(self.root["properties"]["payload"], payload, self.type)

    def traces(self, payload):
        """Every array of values at times in the payload, with its path."""
        yield from self._traces(self.root["properties"]["payload"], payload, self.type)

    def resolved(self, schema):
        """The schema to which a reference refers."""
        reference = schema.get("$ref")
        return self.root["$defs"][reference.rpartition("/")[2]] if reference else schema

    def _objects(self, schema, value, path):
        schema = self.resolved(schema)
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            yield path, value, list(properties)
            for key in value.keys() & properties.keys():
                yield from self._objects(properties[key], value[key], f"{path}.{key}")
        elif isinstance(value, list):
            for each in value:
                yield from self._objects(schema.get("items", {}), each, f"{path}[]")

    def _traces(self, schema, value, path):
        schema = self.resolved(schema)
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            for key in value.keys() & properties.keys():
                yield from self._traces(properties[key], value[key], f"{path}.{key}")
        elif isinstance(value, list):
            item = self.resolved(schema.get("items", {}))
            if item.get("properties", {}).keys() == {"value", "timestamp"}:
                yield path, value


SCHEMAS = {schema.type: schema
           for schema in map(EnvelopeSchema, sorted((DOCS / "schema").glob("*.schema.json")))}
STATUS_CODES = {int(code): name for code, name in
                STATUS_ROW.findall((DOCS / "ENVELOPES.md").read_text(encoding="utf-8"))}
